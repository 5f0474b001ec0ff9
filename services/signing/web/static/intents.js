/* An act that somebody has decided on: kept in this tab from the press until its outcome is known, through lost answers and reloads.

   Left to others: sending it once (shell/asking.js), what is shown about it (notices.js) and what is shown afterwards (desk.js). */

import { SILENT_MILLISECONDS, ask as send } from "/static/shell/asking.js";

const API = "/api/signing/v1"; // as the front door knows it; the service itself does too

const kept = (unit) => `clearwater.desk.${unit}`;

/** The act of this unit whose answer is still missing, or null. */
export const unanswered = (unit) => JSON.parse(sessionStorage.getItem(kept(unit)));

/** An act that somebody has decided on: where to, what, and on which version of what was on the screen. */
export const decided = (unit, act, [path, body, version, method = "POST"]) => ({ unit, act, path, body, version, method, key: crypto.randomUUID(), at: new Date().toISOString() });

/** The outcome that shell/asking.js names. */
export async function ask(intent, district) {
  sessionStorage.setItem(kept(intent.unit), JSON.stringify(intent));
  const answer = await send(API + intent.path, { ...intent, district });
  if (answer.outcome === "done" || answer.outcome === "refused") sessionStorage.removeItem(kept(intent.unit));
  return answer;
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
