/* The unit grid: the legend filters, arrow keys walk, a cell opens its panel, Escape closes it and goes back. */
import { beside } from "/static/shell/walk.js";
import { follow, watch } from "./live.js";

const data = document.body.dataset;
const UNSIGNED = ["registered", "surveyed", "rights_confirmed", "valued", "negotiating", "ready", "pre_registered", "rescinded", "void"];
const pick = { stages: new Set(), badges: new Set(), open: false, table: new URLSearchParams(location.search).get("view") === "table", unit: null };
const all = (selector) => [...document.querySelectorAll(selector)];
const cellOf = (unit) => document.querySelector(`.cell[data-unit="${unit}"]`);

function filter() {
  const off = (stage, badges) =>
    (pick.stages.size > 0 && !pick.stages.has(stage)) || (pick.open && !UNSIGNED.includes(stage)) || (pick.badges.size > 0 && !badges.split(" ").some((badge) => pick.badges.has(badge)));
  for (const cell of all(".cell")) cell.classList.toggle("off", off(cell.dataset.stage, cell.dataset.badges));
  for (const row of all("[data-row]")) row.hidden = off(row.dataset.stageOf, row.dataset.badges);
  for (const mark of all(".mark")) mark.setAttribute("aria-pressed", String(pick.badges.has(mark.dataset.badge)));
  document.getElementById("as-table").setAttribute("aria-pressed", String(pick.table));
  document.getElementById("grid").hidden = pick.table;
  document.getElementById("listed").hidden = !pick.table;
  for (const key of all(".key")) key.setAttribute("aria-pressed", String(pick.stages.has(key.dataset.stage)));
  document.getElementById("only").setAttribute("aria-pressed", String(pick.open));
}

function show(unit, { focus = true } = {}) {
  const before = pick.unit;
  pick.unit = unit;
  for (const cell of all(".cell")) cell.setAttribute("aria-expanded", String(cell.dataset.unit === unit));
  for (const panel of all("section.unit")) panel.hidden = panel.id !== `u-${unit}`;
  document.getElementById("left").hidden = unit !== null;
  if (!focus) return;
  if (unit) document.querySelector(`#u-${CSS.escape(unit)} h2`).focus();
  else if (pick.table) document.querySelector(`[data-row="${before}"] button`)?.focus();
  else cellOf(before)?.focus();
}

document.addEventListener("click", (event) => {
  const key = event.target.closest(".key"), cell = event.target.closest(".cell"), open = event.target.closest("[data-open]");
  if (key) {
    const { stage } = key.dataset;
    if (!pick.stages.delete(stage)) pick.stages.add(stage);
    filter();
  } else if (event.target.id === "only") {
    pick.open = !pick.open;
    filter();
  } else if (event.target.closest(".mark")) {
    const { badge } = event.target.closest(".mark").dataset;
    if (!pick.badges.delete(badge)) pick.badges.add(badge);
    filter();
  } else if (event.target.id === "as-table") {
    pick.table = !pick.table;
    filter();
  } else if (event.target.id === "print") print();
  else if (event.target.closest(".close")) show(null);
  else if (cell || open) show((cell?.dataset.unit ?? open?.dataset.open));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && pick.unit) {
    show(null);
    return;
  }
  if (document.activeElement.classList.contains("cell") && ["Home", "End"].includes(event.key)) {
    atEnd(event.key === "End", event.ctrlKey)?.focus();
    event.preventDefault();
    return;
  }
  if (!document.activeElement.classList.contains("cell")) return;
  const next = beside(document.activeElement, all(".cell"), event.key);
  if (next) {
    next.focus();
    event.preventDefault();
  }
});

/* The first or last cell: of the row, or with Ctrl of the whole building. */
function atEnd(last, everywhere) {
  const focusBox = document.activeElement.getBoundingClientRect();
  const middle = (box) => (box.top + box.bottom) / 2;
  const inRow = (box) => everywhere || (box.top <= middle(focusBox) && box.bottom >= middle(focusBox));
  const row = all(".cell").map((cell) => [cell, cell.getBoundingClientRect()]).filter(([, box]) => inRow(box));
  const order = ([, a], [, b]) => (everywhere ? a.top - b.top || a.left - b.left : a.left - b.left);
  return row.sort(order).at(last ? -1 : 0)?.[0];
}

/* One stop for the tabulator: the cell that was focused last. */
function rove(unit) {
  const stop = cellOf(unit) ?? document.querySelector(".cell");
  all(".cell").forEach((cell) => { cell.tabIndex = cell === stop ? 0 : -1; });
}

/* Cells, counts, lists and panels come from the server together; what was filtered, open and focused stays so. */
function adopted() {
  filter();
  if (pick.unit) show(pick.unit, { focus: false });
  if (stop) rove(stop);
  if (focused) cellOf(focused)?.focus();
}

let focused = null;
let stop = null;
document.addEventListener("focusin", (event) => {
  focused = event.target.dataset?.unit ?? null;
  if (!focused) return;
  stop = focused;
  rove(stop);
});

const apply = (live) => !live.projects.some((project) => project.project_id === data.project);
filter();
// A closed day does not change.
if (!data.day) follow({ base: data.stream, district: data.district, number: Number(data.number), apply, say: watch(), adopted });
