/* Districts side by side: a stream each, up to four (a browser holds six lines to a host). More are drawn anew every 15 seconds, which is
   less than the silence after which a page is late. */
import { count, word } from "/static/shell/status.js";
import * as bases from "./bases.js";
import { follow, redraw, watch } from "./live.js";

const STREAMS = 4;
const FEW_MILLISECONDS = 120_000, MANY_MILLISECONDS = 15_000;
const put = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
const columns = () => [...document.querySelectorAll("[data-district]")];
const moments = new Map();
const status = watch();

function say(moment, district) {
  if (!moment) return status(null);
  const column = document.querySelector(`[data-district="${district}"]`);
  column.dataset.number = moment.number;
  put(column.querySelector(".seq"), count(moment.number));
  moments.set(district, moment);
  const known = columns().map((column) => moments.get(column.dataset.district)).filter(Boolean), lags = known.map((moment) => moment.lag_seconds ?? 0), ats = known.map((moment) => moment.at).filter(Boolean);
  const number = columns().reduce((sum, column) => sum + Number(column.dataset.number), 0);
  return status({ number, at: ats.sort()[0] ?? null, lag_seconds: Math.max(...lags) });
}

/* All projects of the district move to the event's number, or none does. */
function apply(live) {
  const parts = live.projects.map((project) => {
    const part = document.querySelector(`[data-project="${project.project_id}"]`), units = project.bases.find((basis) => basis.basis === "units");
    const same = part && part.dataset.call === project.call && part.querySelector(".total").textContent === count(units.denominator);
    return same ? { part, project, units } : null;
  });
  if (parts.includes(null)) return false;
  for (const { part, project, units } of parts) {
    const table = part.querySelector(".bases-table");
    const left = units.denominator === null ? "—" : count(units.denominator - units.numerator);
    put(part.querySelector(".togo-n"), left);
    part.querySelector(".togo-n").classList.toggle("none", left === "0");
    put(part.querySelector(".togo-what"), word("live", "to_go", { n: left }));
    put(part.querySelector(".signed .n"), count(units.numerator));
    bases.move(table, project.bases, [Number(table.dataset.low), Number(table.dataset.high)]);
    bases.call(part.querySelector(".call"), project, part.dataset.condition);
  }
  totals();
  return true;
}

/* The totals are those of the projects as they are shown. */
function totals() {
  const sum = (selector) => [...document.querySelectorAll(selector)].reduce((all, node) => all + Number(node.textContent.replaceAll(/[^0-9]/g, "")), 0);
  if (!document.getElementById("all-to-go")) return;
  const left = sum("[data-project] .togo-n");
  put(document.getElementById("all-to-go"), count(left));
  document.getElementById("all-to-go").classList.toggle("none", !left);
  put(document.getElementById("all-signed"), count(sum("[data-project][data-roll=frozen] .signed .n")));
}

/* A new drawing may bring a district. */
const followed = new Set();
function followAll() {
  for (const { dataset: { district, number } } of columns()) {
    if (followed.has(district)) continue;
    followed.add(district);
    follow({ base: document.body.dataset.stream, district, number: Number(number), apply, say, adopted: followAll, stream: followed.size <= STREAMS });
  }
}

function drawAgain() {
  setTimeout(() => redraw().then(drawAgain), columns().length > STREAMS ? MANY_MILLISECONDS : FEW_MILLISECONDS);
}

followAll();
drawAgain();
