/* The unit grid: the legend filters, arrow keys walk, a cell opens its panel, Escape closes it and goes back. */
import { word } from "/static/shell/status.js";
import { follow, redraw, watch } from "./live.js";

const data = document.body.dataset;
const UNSIGNED = ["registered", "surveyed", "rights_confirmed", "valued", "negotiating", "ready", "pre_registered", "rescinded", "void"];
const pick = { stages: new Set(), open: false, unit: null };
const all = (selector) => [...document.querySelectorAll(selector)];
const cellOf = (unit) => document.querySelector(`.cell[data-unit="${unit}"]`);

function filter() {
  for (const cell of all(".cell")) {
    const { stage } = cell.dataset;
    cell.classList.toggle("off", (pick.stages.size > 0 && !pick.stages.has(stage)) || (pick.open && !UNSIGNED.includes(stage)));
  }
  all(".key").forEach((key) => key.setAttribute("aria-pressed", String(pick.stages.has(key.dataset.stage))));
  document.getElementById("only").setAttribute("aria-pressed", String(pick.open));
}

function show(unit, { focus = true } = {}) {
  const before = pick.unit;
  pick.unit = unit;
  all(".cell").forEach((cell) => cell.setAttribute("aria-expanded", String(cell.dataset.unit === unit)));
  all("section.unit").forEach((panel) => { panel.hidden = panel.id !== `u-${unit}`; });
  document.getElementById("left").hidden = unit !== null;
  if (!focus) return;
  if (unit) document.querySelector(`#u-${CSS.escape(unit)} h2`).focus();
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
  } else if (event.target.closest(".close")) show(null);
  else if (cell || open) show((cell?.dataset.unit ?? open?.dataset.open));
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape" && pick.unit) {
    show(null);
    return;
  }
  const way = { ArrowLeft: [-1, 0], ArrowRight: [1, 0], ArrowUp: [0, -1], ArrowDown: [0, 1] }[event.key];
  const from = document.activeElement;
  if (!way || !from.classList.contains("cell")) return;
  // From edge to edge, as a cell may span floors and doors: what lies wholly on that side, first of all what lies right beside it.
  const here = from.getBoundingClientRect();
  const between = (low, high, otherLow, otherHigh) => Math.max(0, otherLow - high, low - otherHigh);
  const far = (node) => {
    const box = node.getBoundingClientRect(), dx = between(here.left, here.right, box.left, box.right), dy = between(here.top, here.bottom, box.top, box.bottom);
    const beyond = way[0] > 0 ? box.left - here.right : way[0] < 0 ? here.left - box.right : way[1] > 0 ? box.top - here.bottom : here.top - box.bottom;
    return node === from || beyond < -1 ? Infinity : beyond + 3 * (way[0] ? dy : dx);
  };
  const nearest = all(".cell").sort((a, b) => far(a) - far(b))[0];
  if (far(nearest) < Infinity) {
    nearest.focus();
    event.preventDefault();
  }
});

async function anew() {
  const { unit } = pick, focused = document.activeElement?.dataset?.unit;
  await redraw();
  filter();
  if (unit) show(unit, { focus: false });
  if (focused) cellOf(focused)?.focus();
}

/* A cell changes at once; counts, lists and panels follow from the server, together. */
let waiting = null;
function heard(_, live) {
  const project = live.projects.find((each) => each.project_id === data.project);
  if (!project) return;
  for (const changed of project.cells ?? []) {
    const cell = cellOf(changed.unit_id);
    if (!cell) continue;
    cell.dataset.stage = changed.stage;
    cell.querySelector(".word").textContent = word("stage", changed.stage);
  }
  waiting ??= setTimeout(() => { waiting = null; anew(); }, 1500);
}

const asOf = watch();
follow({ base: data.stream, district: data.district, number: Number(data.number), heard, asOf });
