/* The signing plan: one figure draws its rows evenly over the period. The rows are one stop for the tabulator: arrow keys walk, Enter goes down. */
import { instant } from "/static/shell/instant.js";
import { beside } from "/static/shell/walk.js";

const grid = document.getElementById("planned-rows");
const form = grid.closest("form");
const total = document.getElementById("planned");
const rows = [...grid.tBodies[0].rows].map((row) => [...row.querySelectorAll("input")]);
const cells = rows.flat();
const HOUR = 3_600_000;
let byHand = false;

const moment = (field) => (field.value ? Date.parse(`${field.value}:00+08:00`) : NaN);
const printed = (at) => instant(at).slice(0, 16);

/** Even steps to the end of the period, at whole hours where it is long enough. Nothing is drawn over what was written by hand. */
function draw() {
  const from = moment(form.elements.starts_at), until = moment(form.elements.ends_at), units = Number(total.value);
  if (byHand) return;
  const known = from < until && units > 0;
  rows.forEach(([at, planned], row) => {
    const exact = from + ((until - from) * (row + 1)) / rows.length;
    const whole = until - from > rows.length * HOUR && row + 1 < rows.length ? Math.floor(exact / HOUR) * HOUR : exact;
    at.value = known ? printed(whole) : "";
    planned.value = known ? Math.ceil((units * (row + 1)) / rows.length) : "";
  });
}

function rove(stop) {
  for (const cell of cells) cell.tabIndex = cell === stop ? 0 : -1;
}

/** Whether the key leads out of the cell: always up and down, sideways only from the edge of what is written. */
function leaves({ key, target }) {
  const { selectionStart: start, selectionEnd: end, value } = target;
  if (key === "ArrowLeft") return end === 0 || (start === 0 && end === value.length);
  if (key === "ArrowRight") return start === value.length || (start === 0 && end === value.length);
  return true;
}

grid.addEventListener("keydown", (event) => {
  const key = event.key === "Enter" ? "ArrowDown" : event.key;
  if (event.key === "Enter") event.preventDefault(); // a row is not the whole form
  const next = leaves(event) ? beside(event.target, cells, key) : null;
  if (!next) return;
  event.preventDefault();
  next.focus();
  next.select();
});
grid.addEventListener("focusin", ({ target }) => cells.includes(target) && rove(target));
grid.addEventListener("input", () => { byHand = true; });
for (const field of [total, form.elements.starts_at, form.elements.ends_at]) field.addEventListener("input", draw);
rove(cells[0]);
byHand = cells.some((cell) => cell.value); // a browser that comes back has kept them
draw(); // what was typed before this script came
