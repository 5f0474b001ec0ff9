/* Keeps the list of cases live: asks for the same page again and takes over its rows, its counts and its instant.

   Invariant: what a person types, chooses or has scrolled to is left alone, and the focus stays on the same row. A tab that nobody sees
   does not ask; when it does not get an answer, the page says since when it is old. */

import { show, stateOf } from "/static/shell/status.js";

const EVERY_MS = 5_000;
const listed = document.getElementById("listed");
const instant = (page) => ({ at: page.getElementById("status-at").dateTime });
let asOf = instant(document);
let answered = Date.now();

function takeOver(fresh) {
  const focused = document.activeElement?.id;
  const rows = fresh.getElementById("listed");
  if (!rows) return;
  if (rows.innerHTML !== listed.innerHTML) {
    const inside = listed.contains(document.activeElement);
    listed.replaceChildren(...rows.childNodes);
    if (inside && focused) document.getElementById(focused)?.focus({ preventScroll: true });
  }
  for (const count of document.querySelectorAll("[data-count]")) count.textContent = fresh.querySelector(`[data-count="${count.dataset.count}"]`).textContent;
  asOf = instant(fresh);
}

async function look() {
  if (document.hidden) return;
  try {
    const answer = await fetch(location.href, { headers: { Accept: "text/html" }, signal: AbortSignal.timeout(EVERY_MS * 2) });
    if (!answer.ok || answer.redirected) throw new Error(`${answer.status}`);
    takeOver(new DOMParser().parseFromString(await answer.text(), "text/html"));
    answered = Date.now();
  } catch {
    /* The next look asks again; the state below says how it stands. */
  }
  const silentSeconds = (Date.now() - answered) / 1_000;
  show(stateOf({ loaded: true, silentSeconds, lagSeconds: 0, empty: false }), asOf, { silentSeconds });
}

async function keep() {
  await look();
  setTimeout(keep, EVERY_MS);
}

setTimeout(keep, EVERY_MS);
document.addEventListener("visibilitychange", () => document.hidden || look());
