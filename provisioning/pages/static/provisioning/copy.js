/* Copy buttons: shown only where the browser can copy, so nothing dead is on the page without this file. */
"use strict";

for (const button of document.querySelectorAll("button[data-copy-value]")) {
  if (!navigator.clipboard) {
    break;
  }
  button.hidden = false;
  button.addEventListener("click", async () => {
    const status = button.parentElement.querySelector("[role=status]");
    try {
      await navigator.clipboard.writeText(button.dataset.copyValue);
      status.textContent = button.dataset.copiedText;
    } catch {
      status.textContent = button.dataset.failedText;
    }
  });
}
