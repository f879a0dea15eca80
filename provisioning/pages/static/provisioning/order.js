/* The order renews itself: persons while one writes a name, places and the preview when something is chosen.
   It sends the same form to the same page and takes the parts of the answer. Without it each has its button. */
"use strict";

// A block: the names belong to this file alone.
{
  const order = document.querySelector("form[data-renews]");
  const IN_PARTS = { method: "POST", headers: { "X-Taken-In-Parts": "1" }, redirect: "error" };
  const WRITING_MS = 350; // without a key
  const CHOOSING_MS = 150;
  const FEWEST_LETTERS = 3;
  const search = order.querySelector("[name=person_search]");
  const said = order.querySelector("[data-said]");
  let changes = 0;
  let waiting = 0;
  let isWritten = false; // reasons, since the directory was asked
  let searched = search ? search.value.trim() : "";

  function soon(action, after) {
    changes += 1;
    clearTimeout(waiting);
    waiting = setTimeout(() => renew(action, changes), after);
  }

  async function renew(action, change) {
    const data = new FormData(order);
    data.set("action", action === "send_after" ? "glance" : action);
    isWritten = false;
    if (action !== "search_person") {
      data.set("person_search", "");
    }
    data.set("unit_search", "");
    let page;
    order.setAttribute("aria-busy", "true");
    try {
      const answer = await fetch(order.dataset.renews, { ...IN_PARTS, body: new URLSearchParams(data) });
      page = new DOMParser().parseFromString(await answer.text(), "text/html");
    } catch {
      return;
    } finally {
      order.removeAttribute("aria-busy");
    }
    const fresh = page.querySelector("form[data-renews]");
    if (!fresh || change !== changes) {
      return; // too often, logged out, or something else has been chosen meanwhile
    }
    const before = shown();
    take(fresh, action);
    if (action === "send_after" && shown() === before) {
      send();
    }
    if (action === "search_person") {
      say(page);
      if (chosen()) {
        soon("glance", 0);
      }
    }
  }

  // What is sent must have been shown: with the reasons as they are now, the directory must still say the same.
  function shown() {
    const preview = order.querySelector(".app-preview");
    return preview ? preview.textContent.replace(/\s+/g, " ") : "";
  }

  function send() {
    const button = order.querySelector("button[value=send]");
    if (button) {
      order.requestSubmit(button);
    }
  }

  function chosen() {
    return order.querySelector("[name=person]:checked") && order.querySelector("[name=access]:checked");
  }

  function take(fresh, action) {
    const focused = document.activeElement;
    const scrolled = order.querySelector("[data-part=beside]").scrollTop;
    for (const part of order.querySelectorAll("[data-part]")) {
      const other = fresh.querySelector(`[data-part="${part.dataset.part}"]`);
      const isBeingWritten = part.dataset.part === "signed" && part.childElementCount && other?.childElementCount;
      if (other && !isBeingWritten) {
        for (const one of other.querySelectorAll("[autofocus]")) {
          one.removeAttribute("autofocus");
        }
        part.replaceWith(document.adoptNode(other));
      }
    }
    order.querySelector("[data-part=beside]").scrollTop = scrolled;
    if (action === "ready") {
      for (const name of ["need", "risk_statement"]) {
        const field = order.elements[name];
        field.value = fresh.elements[name].value;
        field.dispatchEvent(new Event("input", { bubbles: true }));
      }
      order.elements.need.focus();
    } else if (focused && !focused.isConnected) {
      (focused.id && document.getElementById(focused.id) || order).focus({ preventScroll: true });
    }
  }

  function say(page) {
    const error = page.getElementById("id_person_search_error");
    const found = order.querySelectorAll("[name=person]").length;
    said.textContent = error ? error.querySelector(".app-error__line > span:last-child").textContent : "";
    said.hidden = !error && !found;
  }

  function writes(event) {
    const text = search.value.trim();
    const letters = text.replace(/[^\p{L}\d]/gu, "").length;
    if (letters < FEWEST_LETTERS || text === searched || event.isComposing) {
      return;
    }
    // An HSA-id and an address are looked for when they are whole: nothing is found by a part of them.
    if (/\d/.test(text) && !/-\w{4,}$/.test(text) && !text.includes("@")) {
      return;
    }
    searched = text;
    soon("search_person", WRITING_MS);
  }

  order.addEventListener("input", (event) => {
    if (event.target === search) {
      writes(event);
    }
    if (["need", "risk_statement", "signed_assignment_on"].includes(event.target.name)) {
      isWritten = true;
    }
  });
  order.addEventListener("submit", (event) => {
    if (isWritten && event.submitter && event.submitter.value === "send") {
      event.preventDefault();
      soon("send_after", 0);
    }
  });
  order.addEventListener("change", (event) => {
    if (["person", "access", "units", "starts_on", "ends_on", "if_missing"].includes(event.target.name)) {
      soon("glance", CHOOSING_MS);
    }
  });
  order.addEventListener("click", (event) => {
    const button = event.target.closest("button[value=ready]");
    if (button) {
      event.preventDefault();
      soon("ready", 0);
    }
  });
}
