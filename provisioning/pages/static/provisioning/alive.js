/* A page about something that waits renews itself: after 5 seconds, then slower, and not in the background. */
"use strict";

const FIRST_MS = 5000;
const SLOWEST_MS = 60000;
const ITSELF = { headers: { "X-Asked-By-Itself": "1" }, redirect: "error" };
let pause = FIRST_MS;
let waiting = null;

function region() {
  return document.querySelector("[data-alive]");
}

async function look() {
  waiting = null;
  const shown = region();
  try {
    const answer = await fetch(shown.dataset.alive, ITSELF);
    if (!answer.ok) {
      return;
    }
    const { stamp } = await answer.json();
    if (stamp !== shown.dataset.stamp && !shown.contains(document.activeElement)) {
      await renew(shown);
      pause = FIRST_MS;
    } else {
      pause = Math.min(pause * 1.4, SLOWEST_MS);
    }
  } catch {
    pause = SLOWEST_MS;
  }
  wait();
}

async function renew(shown) {
  const answer = await fetch(location.pathname, ITSELF);
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const fresh = page.querySelector("[data-stamp]");
  if (!fresh) {
    return;
  }
  for (const one of shown.querySelectorAll("details[open][id]")) {
    const same = fresh.querySelector("#" + one.id);
    if (same) {
      same.open = true;
    }
  }
  shown.replaceWith(fresh);
  document.querySelector("[data-alive-status]").textContent = shown.dataset.said;
}

function wait() {
  if (waiting === null && !document.hidden && region()) {
    waiting = setTimeout(look, pause);
  }
}

document.addEventListener("visibilitychange", () => {
  if (document.hidden) {
    clearTimeout(waiting);
    waiting = null;
  } else {
    pause = FIRST_MS;
    wait();
  }
});

wait();
