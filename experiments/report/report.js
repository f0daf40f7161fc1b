"use strict";
// The page is complete without this script. It sorts and filters tables, opens
// the part that a link leads to, and follows a run that goes on.

// number returns the first number of a cell, or NaN.
function number(cell) {
  const text = cell && cell.firstChild ? cell.firstChild.textContent : "";
  return parseFloat(text.replace(/,/g, ""));
}

// sort orders the rows of each group of a table by one column.
function sort(table, column, down) {
  for (const body of table.tBodies) {
    const rows = [...body.rows].filter(r => !r.classList.contains("group"));
    rows.sort((a, b) => {
      const x = number(a.cells[column]), y = number(b.cells[column]);
      if (isNaN(x) || isNaN(y)) {
        if (isNaN(x) !== isNaN(y)) return isNaN(x) ? 1 : -1;
        const order = a.cells[column].textContent.localeCompare(b.cells[column].textContent);
        return down ? -order : order;
      }
      return down ? y - x : x - y;
    });
    body.append(...rows);
  }
}

// sortable puts a button into each heading of a table.
function sortable(table) {
  const head = table.tHead && table.tHead.rows[0];
  if (!head) return;
  [...head.cells].forEach((th, column) => {
    if (!th.textContent.trim()) return;
    const button = document.createElement("button");
    button.type = "button";
    button.append(...th.childNodes);
    th.append(button);
    button.addEventListener("click", () => {
      const down = th.getAttribute("aria-sort") === "ascending";
      for (const other of head.cells) other.removeAttribute("aria-sort");
      th.setAttribute("aria-sort", down ? "descending" : "ascending");
      sort(table, column, down);
    });
  });
}

// filter hides the rows whose cell lacks a word of the text.
function filter(text) {
  const words = text.toLowerCase().split(/[\s,]+/).filter(w => w);
  for (const body of document.querySelectorAll("table.cells tbody")) {
    const group = body.querySelector(".group");
    let shown = 0;
    for (const row of body.rows) {
      if (row === group) continue;
      const name = ((group ? group.textContent : "") + " " + row.cells[0].textContent + " " + row.dataset.cell).toLowerCase();
      row.hidden = !words.every(w => name.includes(w));
      if (!row.hidden) shown++;
    }
    if (group) group.hidden = shown === 0;
  }
}

// reveal opens the part that the address names.
function reveal() {
  const target = location.hash.length > 1 && document.getElementById(decodeURIComponent(location.hash.slice(1)));
  if (!target) return;
  for (let e = target; e; e = e.parentElement) if (e.tagName === "DETAILS") e.open = true;
  target.scrollIntoView();
}

// start prepares the tables of a page or of a part that has been replaced.
function start(root) {
  root.querySelectorAll("table").forEach(sortable);
  const field = root.querySelector("#filter");
  if (field) {
    field.parentElement.hidden = false;
    field.addEventListener("input", () => filter(field.value));
  }
}

// renew replaces the parts of the page that a run changes. What is open or
// typed stays.
async function renew() {
  const answer = await fetch("/", {cache: "no-store"});
  if (!answer.ok) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  const open = [...document.querySelectorAll("details[open]")].map(d => d.dataset.part);
  for (const part of document.querySelectorAll("[data-live]")) {
    const next = page.querySelector(`[data-live="${part.dataset.live}"]`);
    if (!next) continue;
    part.replaceWith(next);
    start(next);
  }
  document.title = page.title;
  for (const d of document.querySelectorAll("details")) if (open.includes(d.dataset.part)) d.open = true;
  const field = document.querySelector("#filter");
  if (field) filter(field.value);
}

start(document);
reveal();
addEventListener("hashchange", reveal);
if (document.body.dataset.events) {
  const events = new EventSource(document.body.dataset.events);
  events.addEventListener("changed", renew);
  events.addEventListener("replaced", () => { events.close(); location.reload(); });
  events.addEventListener("stopped", () => {
    events.close();
    document.querySelector(".running").textContent = "The run has stopped before its end.";
  });
}
