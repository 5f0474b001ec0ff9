/* The lines of an agreement while they are typed: amounts and sums in whole fen, never in floating point.

   Invariant: a line with quantity and price has the amount that they give, rounded half up to a fen, and it cannot be typed; what is no
   number counts nowhere and is named at its field. Capitals come from the server, which prints them on the paper too. */

import { word } from "/static/shell/status.js";

const $ = (id) => document.getElementById(id);
const form = $("terms");
const unknown = $("once").textContent;
const ASKS_MILLISECONDS = 200;
const LARGEST = 10n ** 15n;
let timer = 0;

const plain = (text) => text.normalize("NFKC").replace(/[,\s¥]/g, "");
/** Hundredths of a yuan or of a m²; null when it is no number. */
const hundredths = (text) => {
  const found = /^(\d{1,15})(?:\.(\d{1,2}))?$/.exec(plain(text));
  return found ? BigInt(found[1]) * 100n + BigInt((found[2] ?? "").padEnd(2, "0")) : null;
};
const written = (value, comma = true) => {
  const whole = String(value / 100n);
  return `${comma ? whole.replace(/\B(?=(\d{3})+$)/g, ",") : whole}.${String(value % 100n).padStart(2, "0")}`;
};
const cells = (row) => Object.fromEntries(["head", "kind", "quantity", "price", "amount"].map((name) => [name, row.querySelector(`[name="_${name}"]`)]));

/** One line as the API takes it, or null; the faults are set on its fields. */
const line = (row) => {
  const { head, kind, quantity, price, amount } = cells(row), area = kind.value === "area";
  price.disabled = amount.disabled = area;
  if (area) price.value = amount.value = "";
  const many = hundredths(quantity.value), unitPrice = hundredths(price.value), computed = !area && quantity.value.trim() !== "" && price.value.trim() !== "";
  amount.readOnly = computed;
  const product = many !== null && unitPrice !== null ? (many * unitPrice + 50n) / 100n : null;
  if (computed) amount.value = product === null ? "" : written(product);
  else if (amount.dataset.computed === "yes") amount.value = "";
  amount.dataset.computed = computed ? "yes" : "";
  const fen = area ? 0n : hundredths(amount.value);
  const wrong = (text, value, needed) => (value.trim() || needed ? (text === null ? word("form_fault", "number") : "") : "");
  quantity.setCustomValidity(area && !many ? word("form_fault", "area") : wrong(many, quantity.value, area));
  price.setCustomValidity(wrong(unitPrice, price.value, false));
  amount.setCustomValidity(computed && product === null ? "" : wrong(fen, amount.value, !area) || (fen !== null && fen > LARGEST ? word("form_fault", "large") : ""));
  const twice = [...document.querySelectorAll('[name="_head"]')].filter((other) => other.value && other.value === head.value).length > 1;
  head.setCustomValidity(twice ? word("form_fault", "twice") : "");
  if (fen === null || fen > LARGEST) return null;
  return { head: head.value, kind: kind.value, amount_fen: Number(fen), quantity: many === null ? null : written(many, false), unit_price_fen: unitPrice === null ? null : Number(unitPrice) };
};

const capitals = (fen) => {
  clearTimeout(timer);
  if (fen === null) {
    $("capitals").textContent = unknown;
    return;
  }
  timer = setTimeout(async () => {
    const answer = await fetch(`/desk/capitals?fen=${fen}`, { credentials: "same-origin" }).catch(() => null);
    $("capitals").textContent = answer?.ok ? `人民币${await answer.text()}` : unknown;
  }, ASKS_MILLISECONDS);
};

const total = (lines, kind) => lines.reduce((sum, line) => (sum === null || line === null ? null : sum + (line.kind === kind ? BigInt(line.amount_fen) : 0n)), 0n);

const count = () => {
  const rows = [...$("lines").rows], lines = rows.map(line);
  rows.forEach((row, index) => {
    row.querySelector(".no").textContent = index + 1;
    for (const field of row.querySelectorAll("[data-label]")) field.setAttribute("aria-label", `${field.dataset.label} ${index + 1}`);
  });
  const once = total(lines, "once"), month = total(lines, "monthly");
  $("once").textContent = once === null ? unknown : written(once);
  $("month").textContent = month === null ? unknown : written(month);
  for (const field of document.querySelectorAll("[data-month]")) field.hidden = !lines.some((it) => it?.kind === "monthly");
  capitals(once);
  form.elements.lines.value = JSON.stringify(lines);
};

$("add").addEventListener("click", () => {
  $("lines").append($("line").content.cloneNode(true));
  count();
  $("lines").lastElementChild.querySelector("select").focus();
});
form.addEventListener("click", ({ target }) => {
  const button = target.closest("[data-remove]");
  if (!button) return;
  const row = button.closest("tr"), next = row.nextElementSibling ?? row.previousElementSibling;
  row.remove();
  count();
  (next?.querySelector("[data-remove]") ?? $("add")).focus();
});
form.addEventListener("input", count);
count();
