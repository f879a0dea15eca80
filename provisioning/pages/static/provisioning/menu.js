/* On a narrow screen the menu is one line that scrolls: the open page's item is brought into sight. */
"use strict";

for (const open of document.querySelectorAll(".app-nav [aria-current=page]")) {
  const list = open.closest("ul");
  list.scrollLeft = open.offsetLeft - list.offsetLeft - 16;
}
