/* The page's link to the live stream (line.js shares it between tabs), and the one rule of every page: all figures on it are of one feed number, at every moment.

   An event carries every figure of a project, so a page applies it whole, in one task, or not at all. What it cannot apply is fetched as
   the server's own page; events that arrive meanwhile are kept, and those newer than the fetched page are applied to it before it shows. */
import { join } from "./line.js";
import { businessClock, turning } from "./turns.js";
import { show, stateOf } from "/static/shell/status.js";

const AGAIN_MILLISECONDS = 3000;
const MOST_AGAIN_MILLISECONDS = 30_000;
const LEAST_BETWEEN_DRAWINGS = 1000;
const MOST_KEPT = 500;
const NIGHTLY_HOUR = 4;
const NIGHTLY_AGAIN_MILLISECONDS = 60_000;

const districts = new Map();
let drawing = null;
let fetching = false;
let failures = 0; // of fetching, one after the other
let drawnAt = -LEAST_BETWEEN_DRAWINGS;

/** Follows one district from the feed `number` that the page was drawn with. Without a `stream` only new drawings bring its figures.

    `apply` gets a live event and moves every figure to it, returning true; or it changes nothing and returns false: the page is drawn anew.
    `say` gets the moment that the figures are of, or nothing where only a sign of life came. `adopted` is called after a new drawing. */
export function follow({ base, district, number, apply, say, adopted = () => {}, stream = true }) {
  const state = { seen: number, awaited: number, floor: 0, stuck: false, kept: [], heardAt: performance.now(), apply, adopted };
  state.say = (moment) => {
    if (districts.get(district) !== state) return; // it has left the page
    state.heardAt = performance.now();
    say(moment, district);
  };
  districts.set(district, state);
  if (stream) join({
    base,
    district,
    number,
    audience: document.body.dataset.display ? `display ${document.body.dataset.project}` : "person",
    take: (live) => take(state, live),
    // A moment that is ahead of the figures belongs to a change that is still on its way; one that has not come by the next sign of life is
    // lost. Where a change waits for a drawing, a sign of life says nothing of the figures: they grow late and stale until it is drawn.
    pulse(moment) {
      const lost = state.awaited > state.seen;
      state.awaited = moment.number;
      if (moment.number === state.seen) state.say(moment);
      else if (state.stuck) return;
      else if (lost) {
        state.stuck = true;
        redraw();
      } else state.say(null);
    },
    reset() {
      Object.assign(state, { seen: -1, floor: 0, stuck: true, kept: [] });
      redraw();
    },
    lost(upTo) {
      Object.assign(state, { floor: Math.max(state.floor, upTo), stuck: true, kept: [] });
      redraw();
    },
  });
}

function take(state, live) {
  if (live.as_of.number > state.seen && (fetching || state.stuck)) keep(state, live);
  if (live.as_of.number <= state.seen) state.say(null);
  else if (state.stuck) return;
  else if (state.apply(live)) advance(state, live);
  else {
    state.stuck = true;
    if (!fetching) keep(state, live);
    redraw();
  }
}

function advance(state, live) {
  state.seen = live.as_of.number;
  state.say(live.as_of);
}

/* Past the bound the events are dropped, and only a page that has them all will do. */
function keep(state, live) {
  state.kept.push(live);
  if (state.kept.length > MOST_KEPT) state.floor = state.kept.splice(0).at(-1).as_of.number;
}

/** Draws the page anew from the server: at most once a second, and never older than what it shows. */
export function redraw() {
  const wait = Math.max(0, drawnAt + LEAST_BETWEEN_DRAWINGS - performance.now());
  drawing ??= new Promise((done) => setTimeout(done, wait)).then(fetchPage).then((adopted) => {
    drawing = null;
    drawnAt = performance.now();
    if (!adopted || [...districts.values()].some((state) => state.stuck)) redraw();
  });
  return drawing;
}

async function fetchPage() {
  fetching = true;
  for (const state of districts.values()) {
    state.floor = Math.max(state.floor, state.seen);
    if (!state.stuck) state.kept = [];
  }
  try {
    const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" });
    if (answer.ok && !answer.redirected) {
      const page = new DOMParser().parseFromString(await answer.text(), "text/html");
      failures = 0;
      return adopt(page);
    }
    if (answer.status < 500) location.reload();
    else throw new Error(`the service answers ${answer.status}`);
  } catch {
    // Many walls that ask a busy service again and again, all at the same time, would keep it busy.
    const wait = Math.min(AGAIN_MILLISECONDS * 2 ** failures++, MOST_AGAIN_MILLISECONDS) * (0.75 + Math.random() / 2);
    await new Promise((done) => setTimeout(done, wait));
  } finally {
    fetching = false;
  }
  return false;
}

/* The page on which the server drew a district says so by data-district and data-number: its body, or a part of it. */
function adopt(page) {
  const parts = [...page.querySelectorAll("[data-district][data-number]")].map(({ dataset }) => ({
    state: districts.get(dataset.district), number: Number(dataset.number), district: dataset.district,
  }));
  if (parts.some(({ state, number }) => state && number < state.floor)) return false;
  for (const selector of ["#content", ".where-now"])
    document.querySelector(selector).replaceChildren(...page.querySelector(selector).childNodes);
  for (const name of ["number", "lag", "roll", "call", "condition"])
    if (name in page.body.dataset) document.body.dataset[name] = page.body.dataset[name];
  const { lag } = page.body.dataset, at = page.getElementById("status-at").dateTime || null;
  const shown = new Set(parts.map(({ district }) => district));
  for (const [district, state] of districts) {
    state.stuck = false;
    if (!shown.has(district)) districts.delete(district);
  }
  for (const { state, number } of parts) {
    if (!state) continue;
    Object.assign(state, { seen: number, floor: 0 });
    state.say({ number, at, lag_seconds: lag === "" ? null : Number(lag) });
    rollForward(state);
  }
  for (const callback of new Set([...districts.values()].map((state) => state.adopted))) callback();
  return true;
}

/* Events that came while the page was fetched. One that cannot be applied stays, with all after it, for the next drawing. */
function rollForward(state) {
  state.kept = state.kept.filter((live) => live.as_of.number > state.seen);
  while (state.kept.length) {
    state.stuck = !state.apply(state.kept[0]);
    if (state.stuck) return;
    advance(state, state.kept.shift());
  }
}

/** The status of the page, once a second: the moment of its figures, how long ago the last sign of life of its quietest district came, and
    which state that is. `tick` gets the instant of the business clock, too. */
export function watch({ empty = () => false, tick = () => {} } = {}) {
  const data = document.body.dataset;
  const at = document.getElementById("status-at").dateTime;
  let asOf = { at: at || null, number: Number(data.number), lag_seconds: data.lag === "" ? null : Number(data.lag) };
  const began = performance.now();
  const clock = businessClock(), turn = turning(() => (data.moment ? null : redraw())); // the moment of the threshold stands for its minute
  clock.take(asOf);
  const draw = () => {
    const heardAt = districts.size ? Math.min(...[...districts.values()].map((state) => state.heardAt)) : began;
    const silentSeconds = (performance.now() - heardAt) / 1000;
    const lagSeconds = asOf.lag_seconds ?? 0;
    // A consumer that has stopped is as silent as a broken line.
    const behind = Math.max(silentSeconds, lagSeconds);
    const state = stateOf({ loaded: asOf.number > 0 || asOf.lag_seconds !== null, silentSeconds: behind >= 60 ? behind : silentSeconds, lagSeconds, empty: empty() });
    show(state, asOf, { silentSeconds: behind });
    const now = clock.now();
    turn(now);
    tick({ asOf, now, state });
  };
  setInterval(draw, 1000);
  draw();
  nightly();
  return (moment) => {
    if (moment) {
      asOf = moment;
      clock.take(moment);
    }
    draw();
  };
}

/* A wall never closes: it starts anew once a night, when the service answers. Else it would end on the browser's own page of an error. */
async function anew() {
  const answer = await fetch(location.href, { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (answer && answer.status < 500) location.reload();
  else setTimeout(anew, NIGHTLY_AGAIN_MILLISECONDS);
}

function nightly() {
  const next = new Date();
  next.setHours(NIGHTLY_HOUR, Math.floor(Math.random() * 30), 0, 0);
  if (next <= new Date()) next.setDate(next.getDate() + 1);
  setTimeout(anew, next - Date.now());
}
