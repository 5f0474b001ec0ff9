/* Sends one act under one Idempotency-Key, and knows what became of it.

   Stays true: an act keeps its key from the press until its answer, through lost answers and reloads, so asking again is never a second act.
   Left to others: what is said of it (saying.js) and what is shown afterwards (desk.js). */

const API = "/api/signing/v1"; // as the front door knows it; the service itself does too
const SILENT_MILLISECONDS = 15_000; // no answer by then is a lost answer

const kept = (unit) => `clearwater.desk.${unit}`;

/** The act of this unit whose answer is still missing, or null. */
export const unanswered = (unit) => JSON.parse(sessionStorage.getItem(kept(unit)));

/** An act that somebody has decided on: where to, what, and on which version of what was on the screen. */
export const decided = (unit, act, [path, body, version, method = "POST"]) => ({ unit, act, path, body, version, method, key: crypto.randomUUID(), at: new Date().toISOString() });

/** done with the state, refused with the problem, busy for some seconds, or lost: nobody knows. */
export async function ask(intent, district) {
  sessionStorage.setItem(kept(intent.unit), JSON.stringify(intent));
  const headers = { "Content-Type": "application/json", "Idempotency-Key": intent.key, "Clearwater-District": district, "Accept-Language": document.documentElement.lang };
  if (intent.version) headers["If-Match"] = `"${intent.version}"`;
  let response, told;
  try {
    response = await fetch(API + intent.path, { method: intent.method, headers, body: JSON.stringify(intent.body), credentials: "same-origin", signal: AbortSignal.timeout(SILENT_MILLISECONDS) });
    told = await response.json();
  } catch {
    return { outcome: "lost" };
  }
  if (response.status === 429 || response.status === 503) return { outcome: "busy", seconds: Number(response.headers.get("Retry-After")) || 1 };
  if (response.status >= 500 && !told.code) return { outcome: "lost" };
  sessionStorage.removeItem(kept(intent.unit));
  return response.ok ? { outcome: "done", state: told, again: response.headers.get("Replayed") === "true" } : { outcome: "refused", problem: told };
}

/** The page as the server has it now: its document, "login" when the session is over, or null when nobody answers. */
export async function read(address) {
  try {
    const response = await fetch(address, { headers: { Accept: "text/html" }, credentials: "same-origin", redirect: "manual", signal: AbortSignal.timeout(SILENT_MILLISECONDS) });
    if (response.type === "opaqueredirect" || response.status === 401) return "login";
    if (!response.ok) return null;
    const page = new DOMParser().parseFromString(await response.text(), "text/html");
    return page.getElementById("desk") ? page : null;
  } catch {
    return null;
  }
}
