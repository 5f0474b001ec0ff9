/* The page's link to the live stream. Keeps the last number, comes back after every kind of end, and says how old the figures are. */
import { show, stateOf } from "/static/shell/status.js";

const AGAIN_MILLISECONDS = 3000;
const NIGHTLY_HOUR = 4;

/** Follows one district. `heard` gets (name, live) for change and snapshot; a reset draws the page anew. */
export function follow({ base, district, number, heard, asOf }) {
  let seen = number;
  let source = null;
  const open = () => {
    source = new EventSource(`${base}?district=${district}&since=${seen}`);
    for (const name of ["change", "snapshot", "as_of"])
      source.addEventListener(name, (message) => {
        if (message.lastEventId) seen = Number(message.lastEventId);
        const live = JSON.parse(message.data);
        asOf(live.as_of, district);
        if (name !== "as_of") heard(name, live);
      });
    source.addEventListener("error", () => {
      // The browser comes back by itself from a broken line; after a refusal it gives up, and we ask again.
      if (source.readyState !== EventSource.CLOSED) return;
      setTimeout(open, AGAIN_MILLISECONDS);
    });
  };
  open();
}

/** The status of the page, once a second: what was heard last, how long ago, and which state that is. */
export function watch({ empty = () => false, tick = () => {} } = {}) {
  const data = document.body.dataset;
  const at = document.getElementById("status-at").dateTime;
  let asOf = { at: at || null, number: Number(data.number), lag_seconds: data.lag === "" ? null : Number(data.lag) };
  let heardAt = performance.now();
  const draw = () => {
    const silentSeconds = (performance.now() - heardAt) / 1000;
    const lagSeconds = asOf.lag_seconds ?? 0;
    // A consumer that has stopped is as silent as a broken line.
    const behind = Math.max(silentSeconds, lagSeconds);
    const state = stateOf({ loaded: asOf.number > 0 || asOf.lag_seconds !== null, silentSeconds: behind >= 60 ? behind : silentSeconds, lagSeconds, empty: empty() });
    show(state, asOf, { silentSeconds: behind });
    tick({ asOf, silentSeconds, state });
  };
  setInterval(draw, 1000);
  draw();
  nightly();
  return (next) => {
    asOf = next;
    heardAt = performance.now();
    draw();
  };
}

/** The server draws the page, always: what a change does not say in detail is fetched as the page's own main part. */
let fetching = false;
export async function redraw() {
  if (fetching) return;
  fetching = true;
  try {
    const answer = await fetch(location.href, { credentials: "same-origin" });
    if (!answer.ok || answer.redirected) return location.reload();
    const page = new DOMParser().parseFromString(await answer.text(), "text/html");
    document.getElementById("content").replaceChildren(...page.getElementById("content").childNodes);
    for (const name of ["roll", "call"]) if (page.body.dataset[name]) document.body.dataset[name] = page.body.dataset[name];
  } catch {
    setTimeout(redraw, AGAIN_MILLISECONDS);
  } finally {
    fetching = false;
  }
}

/* A wall never closes: it starts anew once a night. */
function nightly() {
  const next = new Date();
  next.setHours(NIGHTLY_HOUR, Math.floor(Math.random() * 30), 0, 0);
  if (next <= new Date()) next.setDate(next.getDate() + 1);
  setTimeout(() => location.reload(), next - new Date());
}
