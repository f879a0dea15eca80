/* Warns five minutes before the log-in ends, and prolongs it on the person's wish. */
"use strict";

const box = document.getElementById("session-warning");
const WARNED_BEFORE = 300; // seconds
let timer = 0;

async function left(address, options) {
  const answer = await fetch(address, { redirect: "manual", ...options });
  return answer.ok ? (await answer.json()).seconds : 0;
}

function show(isOver) {
  const wasHidden = box.hidden;
  box.hidden = false;
  document.getElementById("session-text").hidden = isOver;
  document.getElementById("session-over").hidden = !isOver;
  box.querySelector("form").hidden = isOver;
  if (wasHidden && !isOver) {
    box.querySelector("button").focus();
  }
}

function wait(seconds) {
  clearTimeout(timer);
  if (seconds <= 0) {
    show(true);
    return;
  }
  const isNear = seconds <= WARNED_BEFORE;
  if (isNear) {
    show(false);
  } else {
    box.hidden = true;
  }
  const until = isNear ? seconds + 1 : seconds - WARNED_BEFORE;
  // Another tab may have been used meanwhile: the server says how long it is.
  timer = setTimeout(() => left(box.dataset.left).then(wait, () => wait(60)), Math.min(until, 86400) * 1000);
}

if (box) {
  box.querySelector("form").addEventListener("submit", (event) => {
    event.preventDefault();
    const body = new URLSearchParams(new FormData(event.target));
    left(box.dataset.goOn, { method: "POST", body }).then(wait, () => wait(60));
  });
  wait(Number(box.dataset.seconds));
}
