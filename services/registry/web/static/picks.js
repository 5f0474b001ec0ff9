/* Units that are picked to be assigned: how many, how many of them change hands, and the officers of the chosen group only.
   Drawn as a map they are one stop for the tabulator; arrow keys walk, Space picks, and the head of a floor or a stairwell picks all of it. */
import { filled } from "/static/shell/filled.js";
import { beside } from "/static/shell/walk.js";

const form = document.getElementById("assign");
const inputs = (node, selector = "[name=unit_ids]") => [...node.querySelectorAll(selector)];
const picks = form ? inputs(form) : [];
const picked = document.getElementById("picked");
const group = document.getElementById("group"), staff = document.getElementById("staff");
const none = picked?.textContent;

/** What a head picks: the units of the whole form, of its stairwell or of its floor. */
const under = (head) => inputs(head.closest(head.dataset.whole));

function count() {
  const mine = picks.filter((pick) => pick.checked);
  const held = mine.filter((pick) => pick.dataset.held).length;
  picked.textContent = mine.length ? filled(picked.dataset.words, { n: mine.length, held }) : none;
  picks[0].setCustomValidity(mine.length ? "" : none);
  for (const head of inputs(form, "[data-whole]")) {
    const all = under(head), many = all.filter((pick) => pick.checked).length;
    head.checked = many === all.length;
    head.indeterminate = many > 0 && many < all.length;
  }
}

function narrow() {
  for (const option of staff.options) option.hidden = option.disabled = Boolean(option.dataset.group) && option.dataset.group !== group.value;
  if (staff.selectedOptions[0]?.disabled) staff.value = "";
}

/* One stop for the tabulator: the place that was focused last. */
function rove(places, stop) {
  for (const place of places) place.tabIndex = place === stop ? 0 : -1;
}

function walk(places) {
  rove(places, places.find((place) => place.name));
  form.addEventListener("focusin", ({ target }) => places.includes(target) && rove(places, target));
  form.addEventListener("keydown", (event) => {
    if (!places.includes(event.target)) return;
    const next = beside(event.target.closest(".place"), form.querySelectorAll(".place"), event.key);
    if (!next) return;
    event.preventDefault();
    next.querySelector("input").focus();
  });
}

if (picks.length && picked) {
  form.addEventListener("change", ({ target }) => {
    if (target.dataset.whole) for (const pick of under(target)) pick.checked = target.checked;
    count();
    narrow();
  });
  count();
  narrow();
  const places = inputs(form, ".place input");
  if (places.length) walk(places);
}
