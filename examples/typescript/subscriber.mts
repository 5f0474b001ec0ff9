// A subscriber of Clearwater's feed: snapshot, then delta. It keeps its place in a file and goes on from there.
//
//   npm install                                                                    (Node.js 20 or newer)
//   npx tsc                                                                        writes subscriber.mjs
//   export CLEARWATER_URL=… CLEARWATER_TOKEN_URL=… CLEARWATER_CLIENT=… CLEARWATER_SECRET=… CLEARWATER_DISTRICT=440303
//   node subscriber.mjs [--once]            --once: up to the last event, then end
import { existsSync, readFileSync, renameSync, writeFileSync } from "node:fs";
import { setTimeout as pause } from "node:timers/promises";
import { type CloudEventV1, HTTP } from "cloudevents";

type Place = { readonly cursor: string; readonly filter: string };
type Answer = { readonly status: number; readonly headers: Headers; readonly body: string };
type Event = CloudEventV1<unknown> & { readonly lognumber?: string };
// The lines of a snapshot: the first one, one for each unit, the last one.
type Head = Place & { readonly number: number };
type Unit = { readonly unit_id: string };
type Tail = { readonly count?: number; readonly digest?: string };

const base = `${variable("CLEARWATER_URL")}/api/reporting/v1/districts/${variable("CLEARWATER_DISTRICT")}`;
const file = process.env["CLEARWATER_STATE"] ?? "subscriber.json";
const once = process.argv.includes("--once");
const busy = new Set([429, 502, 503, 504]);
let token = "";

/** One part of the feed. What it returns is where to go on; null: the end. */
async function step(place: Place): Promise<Place | null> {
  const query = new URLSearchParams({ limit: "500", wait: once ? "0" : "25" });
  if (place.cursor) query.set("after", place.cursor);
  const answer = await get(`feed?${query}`);
  if (answer.status === 410) return begin(); // the log has begun a new epoch
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  const filter = answer.headers.get("clearwater-filter") ?? "";
  if (place.filter && filter !== place.filter) return begin(); // our grants have changed
  const headers = { "content-type": answer.headers.get("content-type") ?? "" };
  const events = [HTTP.toEvent<unknown>({ headers, body: answer.body })].flat() as Event[];
  for (const event of events) console.log("event", event.lognumber, event.type, event.subject, event.id);
  const cursor = answer.headers.get("clearwater-cursor") ?? "";
  return once && cursor === place.cursor ? null : { cursor, filter };
}

/** The state of all units now. Without a whole fact in our grants there is none: then from the first event. */
async function begin(): Promise<Place> {
  const answer = await get("snapshot");
  if (answer.status === 403 && (JSON.parse(answer.body) as { code?: string }).code === "snapshot-empty") return { cursor: "", filter: "" };
  if (answer.status !== 200) throw new Error(`${answer.status} ${answer.body}`);
  const lines = answer.body.trimEnd().split("\n");
  const head = JSON.parse(lines[0] ?? "{}") as Head;
  const tail = JSON.parse(lines.at(-1) ?? "{}") as Tail;
  const units = lines.slice(1, -1).map((line) => JSON.parse(line) as Unit);
  if (tail.count !== units.length) throw new Error("the snapshot was cut off");
  for (const unit of units) console.log("unit", unit.unit_id);
  return keep({ cursor: head.cursor, filter: head.filter });
}

/** After the effects of a part, so that a crash repeats a part and never leaves one out: apply events by their id. */
function keep(place: Place): Place {
  writeFileSync(`${file}.new`, JSON.stringify(place));
  renameSync(`${file}.new`, file);
  return place;
}

/** With a new token after 401; patient while the service is busy or away. */
async function get(path: string): Promise<Answer> {
  for (;;) {
    const answer = await whole(path).catch(() => null); // null: nobody answered, or the answer broke off
    if (answer?.status === 401) token = await newToken();
    else if (answer && !busy.has(answer.status)) return answer;
    else await pause(Number(answer?.headers.get("retry-after") ?? 5) * 1000);
  }
}

async function whole(path: string): Promise<Answer> {
  const answer = await fetch(`${base}/${path}`, { headers: { authorization: `Bearer ${token}` } });
  return { status: answer.status, headers: answer.headers, body: await answer.text() };
}

async function newToken(): Promise<string> {
  const secret = Buffer.from(`${variable("CLEARWATER_CLIENT")}:${variable("CLEARWATER_SECRET")}`).toString("base64");
  const body = new URLSearchParams({ grant_type: "client_credentials" });
  const answer = await fetch(variable("CLEARWATER_TOKEN_URL"), { method: "POST", headers: { authorization: `Basic ${secret}` }, body });
  if (!answer.ok) throw new Error(`no token: ${answer.status}`);
  return ((await answer.json()) as { access_token: string }).access_token;
}

function variable(name: string): string {
  const value = process.env[name];
  if (!value) throw new Error(`${name} is not set`);
  return value;
}

let place: Place | null = existsSync(file) ? (JSON.parse(readFileSync(file, "utf8")) as Place) : await begin();
while (place && (place = await step(place))) keep(place);
