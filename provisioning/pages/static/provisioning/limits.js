/* Says while one writes how many characters are left. Nothing is cut: what is too long is said, and refused. */
"use strict";

const NEAR = 0.8; // of the limit: from here on it is shown also where there is no room for it always
const QUIET = 1000; // milliseconds without a key, until it is read aloud
const saying = new WeakMap();

function count(field) {
  const said = document.getElementById(field.id + "_limit");
  const limit = Number(field.dataset.limit);
  if (!said || !limit) {
    return;
  }
  const left = limit - [...field.value].length;
  said.textContent = `${left < 0 ? said.dataset.over : said.dataset.left} ${Math.abs(left)}`;
  said.classList.toggle("app-limit--over", left < 0);
  if (left < limit * (1 - NEAR)) {
    said.classList.remove("sr-only");
  }
  clearTimeout(saying.get(field));
  said.removeAttribute("aria-live");
  saying.set(field, setTimeout(() => said.setAttribute("aria-live", "polite"), QUIET));
}

document.addEventListener("input", (event) => {
  if (event.target.dataset.limit) {
    count(event.target);
  }
});
