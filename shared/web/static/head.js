/* The head: the menu and the search on a small screen, the switch of projects. Works by keyboard: Escape closes and gives the focus back, "/" goes to the search. */
import { filled } from "./filled.js";
import { make } from "./make.js";

const head = document.getElementById("head");
const bar = document.getElementById("top");
const words = JSON.parse(bar.dataset.words).head;
const word = (name, facts = {}) => filled(words[name], facts);
const part = (id) => document.getElementById(id);
const KEPT_MILLISECONDS = 60_000;

const closers = [];
/** Lets a button open and close what it controls. `open` shows or hides it. */
function opens(button, open) {
  if (!button) return;
  const set = (on, back = false) => {
    button.setAttribute("aria-expanded", String(on));
    open(on);
    if (back) button.focus();
  };
  button.addEventListener("click", () => set(button.getAttribute("aria-expanded") !== "true"));
  closers.push((back) => {
    if (button.getAttribute("aria-expanded") !== "true") return false;
    set(false, back);
    return true;
  });
}

/** All items of a list of the registry, page by page. Null when it does not answer. */
async function every(path) {
  const items = [];
  for (let next = ""; next !== null; ) {
    const answer = await fetch(`/api/registry/v1${path}?limit=200${next && `&cursor=${next}`}`).catch(() => null);
    if (!answer?.ok) return null;
    const page = await answer.json();
    items.push(...page.items);
    next = page.next;
  }
  return items;
}

const key = `clearwater places ${bar.dataset.person}`;
const kept = () => JSON.parse(sessionStorage.getItem(key) ?? "null");
const knows = (found, id) => found.projects.some((project) => !id || project.project_id === id);

/** Projects and districts, kept for a minute for this person, but not over an act of theirs or a project that was opened since. */
export async function places() {
  const known = kept(), acted = new URLSearchParams(location.search).has("did");
  if (known && !acted && Date.now() - known.at < KEPT_MILLISECONDS && knows(known, bar.dataset.project)) return known;
  const [projects, districts] = await Promise.all([every("/projects"), every("/districts")]);
  if (!projects || !districts) return null;
  const found = { at: Date.now(), projects, districts };
  sessionStorage.setItem(key, JSON.stringify(found));
  return found;
}

export const nameOf = (found, district) => found.districts.find((place) => place.district === district)?.name ?? district;

/** The project that the page is about: the one chosen, else the newest, which is what pages show. */
export const current = (found) =>
  found.projects.find((project) => project.project_id === bar.dataset.project) ?? found.projects.at(-1);

/** The same page for another project; where the page is of one unit or import, the list that it stands in. */
function elsewhere(project) {
  const path = location.pathname.replace(/\/[0-9a-f]{8}-[0-9a-f-]{27}.*$/, "");
  const at = path === "/register/projects" ? `${path}/${project.project_id}` : path || "/";
  return `${at}?project=${project.project_id}`;
}

function drawn(found) {
  if (!found) return [make("p", word("no_answer"))];
  if (!found.projects.length) return [make("p", word("none"))];
  const shown = current(found);
  return found.districts.flatMap((district) => {
    const mine = found.projects.filter((project) => project.district === district.district);
    if (!mine.length) return [];
    const list = make("ul");
    for (const project of mine) {
      const link = make("a", "", { href: elsewhere(project) });
      if (project === shown) link.setAttribute("aria-current", "true");
      link.append(make("span", project.name), make("small", word(project.roll_frozen_at ? "units" : "units_open", { units: project.units.toLocaleString("en-US") })));
      const item = make("li");
      item.append(link);
      list.append(item);
    }
    return [make("h2", `${district.name} ${district.district}`), list];
  });
}

function name(found) {
  const project = found && knows(found, bar.dataset.project) && current(found);
  if (!project) return;
  part("switch-project").textContent = project.name;
  part("switch-district").textContent = nameOf(found, project.district);
}

async function show() {
  name(kept()); // at once, also while the registry is asked
  const found = await places();
  part("projects").replaceChildren(...drawn(found));
  name(found);
}

opens(part("menu"), (on) => head.toggleAttribute("data-menu", on));
opens(part("look"), (on) => {
  head.toggleAttribute("data-looking", on);
  if (on) part("find-words").focus();
});
if (part("switch")) {
  opens(part("switch"), (on) => {
    part("projects").hidden = !on;
    if (on) show();
  });
  show();
}

/* What the keyboard has reached is wholly on the screen: a browser leaves a link that is half out of a wide table where it is. */
document.addEventListener("focusin", ({ target }) => {
  if (target.matches(":is(a, button, input, select, textarea, summary):focus-visible")) target.scrollIntoView({ block: "nearest", inline: "nearest" });
});

document.addEventListener("keydown", (event) => {
  if (event.key === "Escape") closers.some((close) => close(true));
  const typing = event.target.closest?.("input, textarea, select, [contenteditable]");
  if (event.key === "/" && !typing && !event.ctrlKey && !event.metaKey && part("find-words")) {
    event.preventDefault();
    if (getComputedStyle(part("look")).display !== "none" && !head.hasAttribute("data-looking")) part("look").click();
    part("find-words").focus();
  }
});
document.addEventListener("click", (event) => {
  if (part("projects") && !part("projects").hidden && !event.target.closest(".switch")) part("switch").click();
});
