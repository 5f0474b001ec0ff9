/* The top right of every page: as of when, which sequence, how late. One function; the page decides when to call it. */

import { filled } from "./filled.js";

const body = document.body;
const words = JSON.parse(body.dataset.words);
const put = (id, text) => {
  const node = document.getElementById(id);
  if (node && node.textContent !== text) node.textContent = text;
};

export const LATE_SECONDS = 5;
export const STALE_SECONDS = 60;
export const word = (section, name, facts = {}) => filled(words[section][name], facts);

const clock = new Intl.DateTimeFormat("en-GB", { timeZone: "Asia/Shanghai", hour: "2-digit", minute: "2-digit", second: "2-digit", hourCycle: "h23" });
export const clockTime = (instant) => (instant ? clock.format(new Date(instant)) : "—");
export const count = (number) => (number === null || number === undefined ? "—" : number.toLocaleString("en-US").replace("-", "−"));

const span = (seconds) => word("status", "span", { minutes: Math.floor(seconds / 60), seconds: Math.floor(seconds % 60) });

/** Which of the states of the page holds, by how long nothing was heard and how late the figures were. */
export function stateOf({ loaded, silentSeconds, lagSeconds, empty }) {
  if (!loaded) return "loading";
  if (silentSeconds >= STALE_SECONDS) return "stale";
  if (Math.max(lagSeconds, silentSeconds > 20 ? silentSeconds : 0) >= LATE_SECONDS) return "late";
  return empty ? "empty" : "live";
}

/** Prints a state. `asOf` has at, number and lag_seconds as the server sends them; a page that reads the source itself has only at. */
export function show(state, asOf, { silentSeconds = 0 } = {}) {
  const lag = Math.max(asOf.lag_seconds ?? 0, state === "late" ? silentSeconds : 0);
  if (body.dataset.state !== state) body.dataset.state = state;
  const stateWord = {
    loading: () => word("status", "loading"),
    live: () => word("status", "live"),
    empty: () => word("status", "live"),
    late: () => word("status", "late", { seconds: Math.floor(lag) }),
    stale: () => word("status", "stale", { span: span(silentSeconds) }),
  };
  put("status-word", stateWord[state]());
  put("status-at", clockTime(asOf.at));
  put("status-number", count(asOf.number));
  put("status-lag", state === "stale" ? word("status", "stopped", { at: clockTime(asOf.at) }) : asOf.lag_seconds === undefined ? "" : word("status", "lag", { seconds: lag.toFixed(1) }));
}
