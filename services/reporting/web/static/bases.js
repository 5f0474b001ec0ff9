/* Moves the four bases as the server drew them: same marks, same lines, same words. */
import { count, word } from "/static/shell/status.js";
import { cut, scale } from "./rules.js";

const hundredths = (basis) => cut(basis.numerator, basis.denominator);
const whole = (basis, value) => (value === null ? "—" : count(basis.basis === "area" ? Math.floor(value / 100) : value));
const put = (node, text) => { if (node && node.textContent !== text) node.textContent = text; };

export const parts = (basis) => `${whole(basis, basis.numerator)} / ${whole(basis, basis.denominator)}`;
export const rate = (basis) => (basis?.rate == null ? "—" : `${basis.rate}%`);

export function distance(basis) {
  if (!basis.required) return word("live", "reference");
  if (basis.distance === null) return "—";
  const by = basis.basis === "area" ? 100 : 1;
  const n = basis.distance > 0 ? Math.ceil(basis.distance / by) : Math.floor(-basis.distance / by);
  return word("live", basis.distance > 0 ? "short" : "beyond", { n: count(n), unit: word("counted", basis.basis, { n: count(n) }) });
}

/** `ends` fixes the scale, for pages on which several projects share one. */
export function move(table, bases, ends = scale(bases)) {
  const [low, high] = ends;
  const place = (value) => ((value - low) / (high - low)) * 100;
  const attributes = (node, values) => Object.entries(values).forEach(([name, value]) => { node.setAttribute(name, value); });
  put(table.querySelector(".low"), `${low / 100}%`);
  const label = table.querySelector(".shared-threshold");
  if (label.textContent) {
    const line = place(Number.parseInt(label.textContent, 10) * 100);
    attributes(label, { x: `${line}%`, "text-anchor": line > 80 ? "end" : "middle" });
    put(table.querySelector(".high"), line > 80 ? "" : `${high / 100}%`);
  }
  for (const basis of bases) {
    const row = table.querySelector(`[data-basis="${basis.basis}"]`);
    if (!row) continue;
    put(row.querySelector(".r"), rate(basis));
    put(row.querySelector(".n"), parts(basis));
    const threshold = row.querySelector(".threshold"), mark = row.querySelector(".mark"), at = hundredths(basis);
    if (threshold) attributes(threshold, { x1: `${place(basis.percent * 100)}%`, x2: `${place(basis.percent * 100)}%` });
    const x = `${at === null ? 0 : place(at)}%`;
    attributes(mark, mark.tagName === "circle" ? { cx: x } : { x1: x, x2: x });
    if (at !== null) mark.removeAttribute("visibility");
    mark.classList.toggle("passed", basis.required && basis.reached);
    const gap = row.querySelector(".gap");
    gap.classList.toggle("short", basis.required && basis.distance > 0);
    const text = distance(basis);
    if (gap.textContent.trim() !== text) {
      const tick = document.createElement("i");
      tick.className = "g tick";
      tick.setAttribute("aria-hidden", "true");
      gap.replaceChildren(...(basis.required && basis.distance !== null && basis.distance <= 0 ? [tick] : []), text);
    }
  }
}

/** The call in words: what is still short, or that it is reached. */
export function call(node, project, condition) {
  const short = project.bases.filter((basis) => basis.required && !basis.reached);
  if (project.call !== "short") return false;
  node.replaceChildren(word("live", "not_reached", { condition }));
  if (!short.length) node.append(word("live", "on_line"));
  short.forEach((basis, index) => {
    const span = document.createElement("span");
    span.className = "short";
    span.textContent = word("live", "short_of", { basis: word("basis", basis.basis), distance: distance(basis) });
    node.append(index ? word("live", "separator") : "", span);
  });
  return true;
}
