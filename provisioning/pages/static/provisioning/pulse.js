/* Asks again and again what has changed: after 5 seconds, then slower, and not in the background. */
"use strict";

const ASKED_BY_ITSELF = { headers: { "X-Asked-By-Itself": "1" }, redirect: "error" };

/* `look` asks once, and says whether there was news; `undefined`: nothing more is to be asked. */
function startPulse(look) {
  const firstMs = 5000;
  const slowestMs = 60000;
  let pause = firstMs;
  let waiting = null;

  async function beat() {
    waiting = null;
    try {
      const isNews = await look();
      if (isNews === undefined) {
        return;
      }
      pause = isNews ? firstMs : Math.min(pause * 1.4, slowestMs);
    } catch {
      pause = slowestMs;
    }
    wait();
  }

  function wait() {
    if (waiting === null && !document.hidden) {
      waiting = setTimeout(beat, pause);
    }
  }

  document.addEventListener("visibilitychange", () => {
    if (document.hidden) {
      clearTimeout(waiting);
      waiting = null;
    } else {
      pause = firstMs;
      wait();
    }
  });

  wait();
}
