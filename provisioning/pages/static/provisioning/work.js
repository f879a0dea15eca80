/* The work list: rows turn green by themselves, and keys for who works through it. Only where focus is in it. */
"use strict";

const list = document.querySelector("form[data-work]");

function rows() {
  return [...list.querySelectorAll("[data-task]")];
}

function isOpen(row) {
  return !row.classList.contains("app-work__row--over");
}

function show(row, now) {
  const said = row.querySelector("[data-said]");
  const isNews = said.textContent !== now.said;
  said.textContent = now.said;
  if (now.is_over) {
    row.classList.add("app-work__row--over");
    row.classList.toggle("app-work__row--done", now.is_done);
    for (const one of row.querySelectorAll("input[name=tasks]")) {
      one.checked = false;
      one.dataset.over = "1";
    }
    for (const one of row.querySelectorAll("button[name=only]")) {
      one.hidden = true;
    }
  }
  return isNews;
}

async function look() {
  const open = rows().filter(isOpen);
  const asked = new URLSearchParams(open.map((row) => ["rad", row.dataset.task]));
  const answer = await fetch(`${list.dataset.work}&${asked}`, ASKED_BY_ITSELF);
  if (!answer.ok) {
    return undefined;
  }
  const { tasks, count } = await answer.json();
  const news = open.filter((row) => tasks[row.dataset.task] && show(row, tasks[row.dataset.task]));
  if (news.length) {
    const told = news.map((row) => `${row.dataset.number}: ${row.querySelector("[data-said]").textContent}`);
    document.querySelector("[data-work-status]").textContent = told.join(" ");
  }
  const gone = rows().filter((row) => !isOpen(row)).length;
  list.querySelector("[data-work-new]").hidden = count === Number(list.dataset.count) - gone;
  return news.length > 0;
}

function go(row, step) {
  const open = rows().filter((one) => one === row || isOpen(one));
  const next = open[open.indexOf(row) + step];
  if (next) {
    next.querySelector("input[name=tasks]").focus();
  }
}

/* The values of a task in turn: the HSA-id has a button of its own and stands outside. */
function copy(row) {
  const buttons = [...row.querySelectorAll("[data-value] button[data-copy-value]")];
  const turn = Number(row.dataset.copied || 0);
  if (buttons.length) {
    row.dataset.copied = turn + 1;
    buttons[turn % buttons.length].click();
  }
}

if (list) {
  list.querySelector("[data-work-keys]").hidden = false;
  const all = list.querySelector("[data-mark-all]");
  all.hidden = false;
  all.addEventListener("click", () => {
    for (const row of rows().filter(isOpen)) {
      row.querySelector("input[name=tasks]").checked = true;
    }
  });
  list.addEventListener("keydown", (event) => {
    const row = event.target.closest("[data-task]");
    if (!row || event.ctrlKey || event.metaKey || event.altKey) {
      return;
    }
    const act = {
      ArrowDown: () => go(row, 1),
      ArrowUp: () => go(row, -1),
      c: () => copy(row),
      k: () => isOpen(row) && row.querySelector("[data-done]").click(),
    }[event.key.length === 1 ? event.key.toLowerCase() : event.key];
    if (act) {
      event.preventDefault();
      act();
    }
  });
  startPulse(look);
}
