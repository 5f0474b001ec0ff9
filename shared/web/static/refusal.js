export const COLON = document.documentElement.lang === "en" ? ": " : "\uff1a";

/** What a refused answer says, in one line behind `failed`; an answer that never came says nothing more. */
export async function refusal(answer, failed) {
  const problem = answer ? await answer.json().catch(() => ({})) : {};
  return [failed, problem.title, problem.next].filter(Boolean).join(COLON);
}
