/* Sends one act of an API under its Idempotency-Key, and knows what became of it.

   Invariant: whoever asks keeps the key until the outcome is `done` or `refused`; so asking again is never a second act. */

export const SILENT_MILLISECONDS = 15_000; // no answer by then is a lost answer

/** done with the state, refused with the problem, busy for some seconds, or lost: nobody knows whether it was carried out. */
export async function ask(address, { method = "POST", body, key, version, district }) {
  const headers = { "Content-Type": "application/json", "Accept-Language": document.documentElement.lang };
  if (method !== "PUT") headers["Idempotency-Key"] = key; // a PUT sent again is refused by its version
  if (district) headers["Clearwater-District"] = district;
  if (version) headers["If-Match"] = `"${version}"`;
  let response, answer;
  try {
    response = await fetch(address, { method, headers, body: JSON.stringify(body), credentials: "same-origin", signal: AbortSignal.timeout(SILENT_MILLISECONDS) });
    answer = await response.json();
  } catch {
    return { outcome: "lost" };
  }
  if (response.status === 429 || response.status === 503) return { outcome: "busy", seconds: Number(response.headers.get("Retry-After")) || 1 };
  if (response.status >= 500 && !answer.code) return { outcome: "lost" };
  return response.ok ? { outcome: "done", state: answer, again: response.headers.get("Replayed") === "true" } : { outcome: "refused", problem: answer };
}
