/* Where a page is begun with one field, it has the focus; the page's heading stays in sight, unlike with autofocus. */
"use strict";

for (const field of document.querySelectorAll("input[data-begins], [data-begins] input")) {
  field.focus({ preventScroll: true });
}
