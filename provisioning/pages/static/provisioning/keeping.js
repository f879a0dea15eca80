/* Saves what is being written, so that nothing is lost where the session, the page or the machine ends. */
"use strict";

const main = document.querySelector("main[data-keeps]");
const PAUSE = 1500; // milliseconds without a key
let waiting = 0;
let isUnsaved = false;

function written() {
  const data = new URLSearchParams();
  for (const form of main.querySelectorAll("form[method=post]:not([data-not-kept])")) {
    for (const [name, value] of new FormData(form)) {
      if (name !== "csrfmiddlewaretoken" || !data.has(name)) {
        data.append(name, value);
      }
    }
  }
  return data;
}

function save() {
  clearTimeout(waiting);
  if (!isUnsaved) {
    return;
  }
  isUnsaved = false;
  fetch(main.dataset.keeps, { method: "POST", body: written(), keepalive: true }).catch(() => {
    isUnsaved = true;
  });
}

if (main) {
  main.addEventListener("input", (event) => {
    if (event.target.closest("form[data-not-kept]")) {
      return;
    }
    isUnsaved = true;
    clearTimeout(waiting);
    waiting = setTimeout(save, PAUSE);
  });
  // What is sent is kept by the page that takes it: a save that comes after it would bring the draft back.
  main.addEventListener("submit", () => {
    isUnsaved = false;
    clearTimeout(waiting);
  });
  document.addEventListener("visibilitychange", () => {
    if (document.visibilityState === "hidden") {
      save();
    }
  });
  window.addEventListener("pagehide", save);
}
