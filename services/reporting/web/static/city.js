/* Districts side by side: a stream each, up to four (a browser holds six lines to a host); more are drawn anew twice a minute. */
import { count } from "/static/shell/status.js";
import * as bases from "./bases.js";
import { follow, redraw, watch } from "./live.js";

const STREAMS = 4;
const put = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };
const columns = () => [...document.querySelectorAll("[data-district]")];
const numbers = new Map(columns().map((column) => [column.dataset.district, Number(column.dataset.number)]));
const moments = new Map();
const say = watch();

function asOf(moment, district) {
  numbers.set(district, moment.number);
  moments.set(district, moment);
  put(document.querySelector(`[data-district="${district}"] .seq`), count(moment.number));
  const lags = [...moments.values()].map((each) => each.lag_seconds ?? 0), ats = [...moments.values()].map((each) => each.at).filter(Boolean);
  say({ number: [...numbers.values()].reduce((sum, each) => sum + each, 0), at: ats.sort()[0] ?? null, lag_seconds: Math.max(...lags) });
}

function heard(_, live) {
  for (const project of live.projects) {
    const part = document.querySelector(`[data-project="${project.project_id}"]`);
    if (!part || part.dataset.call !== project.call) return redraw();
    const units = project.bases.find((basis) => basis.basis === "units"), table = part.querySelector(".bases-table");
    if (part.querySelector(".total").textContent !== count(units.denominator)) return redraw();
    put(part.querySelector(".togo-n"), units.denominator === null ? "—" : count(units.denominator - units.numerator));
    put(part.querySelector(".signed .n"), count(units.numerator));
    bases.move(table, project.bases, [Number(table.dataset.low), Number(table.dataset.high)]);
  }
  return undefined;
}

columns().slice(0, STREAMS).forEach((column) => {
  const { district, number } = column.dataset;
  follow({ base: document.body.dataset.stream, district, number: Number(number), heard, asOf });
});
setInterval(redraw, columns().length > STREAMS ? 30_000 : 120_000);
