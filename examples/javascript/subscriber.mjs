// A subscriber of Clearwater's feed: snapshot, then delta. It keeps its place in a file and goes on from there.
//
//   npm install cloudevents                 (Node.js 20 or newer)
//   export CLEARWATER_URL=… CLEARWATER_TOKEN_URL=… CLEARWATER_CLIENT=… CLEARWATER_SECRET=… CLEARWATER_DISTRICT=440303
//   node subscriber.mjs [--once]            --once: up to the last event, then end
// @ts-check
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { HTTP } from "cloudevents";

const env = process.env;
const base = `${env.CLEARWATER_URL}/api/reporting/v1/districts/${env.CLEARWATER_DISTRICT}`;
const file = env.CLEARWATER_STATE ?? "subscriber.json";
const once = process.argv.includes("--once");
let token = "";

/** @typedef {{ cursor: string, filter: string }} Place */

/** One part of the feed. What it returns is where to go on; null: the end. @param {Place} place @returns {Promise<Place | null>} */
async function step(place) {
  const query = new URLSearchParams({ limit: "500", wait: once ? "0" : "25", ...(place.cursor && { after: place.cursor }) });
  const answer = await get(`feed?${query}`);
  if (answer.status === 410) return begin(); // the log has begun a new epoch
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  const filter = answer.headers.get("clearwater-filter") ?? "";
  if (place.filter && filter !== place.filter) return begin(); // our grants have changed
  const headers = { "content-type": answer.headers.get("content-type") ?? "" };
  const events = HTTP.toEvent({ headers, body: answer.body });
  for (const event of [events].flat()) console.log("event", event.lognumber, event.type, event.subject, event.id);
  const cursor = answer.headers.get("clearwater-cursor") ?? "";
  return once && cursor === place.cursor ? null : { cursor, filter };
}

/** The state of all units now. Without a whole fact in our grants there is none: then from the first event. @returns {Promise<Place>} */
async function begin() {
  const answer = await get("snapshot");
  if (answer.status === 403 && JSON.parse(answer.body).code === "snapshot-empty") return { cursor: "", filter: "" };
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  const lines = answer.body.trimEnd().split("\n").map((line) => JSON.parse(line));
  const [head, tail, units] = [lines[0], lines[lines.length - 1], lines.slice(1, -1)];
  if (tail.count !== units.length) throw new Error("the snapshot was cut off");
  for (const unit of units) console.log("unit", unit.unit_id);
  return keep({ cursor: head.cursor, filter: head.filter });
}

/** After the effects of a part, so that a crash repeats a part and never leaves one out: apply events by their id. @param {Place} place */
function keep(place) {
  writeFileSync(`${file}.new`, JSON.stringify(place));
  renameSync(`${file}.new`, file);
  return place;
}

/** @typedef {{ status: number, headers: Headers, body: string }} Answer */

/** With a new token after 401; patient while the service is busy or away. @param {string} path @returns {Promise<Answer>} */
async function get(path) {
  for (;;) {
    const answer = await whole(path).catch(() => null); // null: nobody answered, or the answer broke off
    if (answer?.status === 401) token = await newToken();
    else if (!answer || [429, 502, 503, 504].includes(answer.status)) await pause(Number(answer?.headers.get("retry-after") ?? 5) * 1000);
    else return answer;
  }
}

/** @param {string} path @returns {Promise<Answer>} */
async function whole(path) {
  const answer = await fetch(`${base}/${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

async function newToken() {
  const secret = Buffer.from(`${env.CLEARWATER_CLIENT}:${env.CLEARWATER_SECRET}`).toString("base64");
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const answer = await fetch(env.CLEARWATER_TOKEN_URL ?? "", { method: "POST", headers: { authorization: `Basic ${secret}` }, body });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return (await answer.json()).access_token;
}

/** @type {Place | null} */
let place = existsSync(file) ? JSON.parse(readFileSync(file, "utf8")) : await begin();
while (place && (place = await step(place))) keep(place);
