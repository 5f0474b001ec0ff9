/* Command's list stays fresh: a display that has typed its code appears by itself. */
const AGAIN_MILLISECONDS = 4000;

async function refresh() {
  const answer = await fetch("/wall/displays", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  const shown = document.getElementById("displays");
  if (!answer?.ok || answer.redirected || shown.contains(document.activeElement)) return;
  const page = new DOMParser().parseFromString(await answer.text(), "text/html");
  shown.replaceChildren(...page.getElementById("displays").childNodes);
}

setInterval(refresh, AGAIN_MILLISECONDS);
