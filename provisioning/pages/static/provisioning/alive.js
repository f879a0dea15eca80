/* A page about something that waits renews itself. */
"use strict";

function region() {
  return document.querySelector("[data-alive]");
}

async function look() {
  const shown = region();
  if (!shown) {
    return undefined;
  }
  const answer = await fetch(shown.dataset.alive, ASKED_BY_ITSELF);
  if (!answer.ok) {
    return undefined;
  }
  const { stamp } = await answer.json();
  if (stamp === shown.dataset.stamp || shown.contains(document.activeElement)) {
    return false;
  }
  await renew(shown);
  return true;
}

async function renew(shown) {
  const answer = await fetch(location.pathname, ASKED_BY_ITSELF);
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

startPulse(look);
