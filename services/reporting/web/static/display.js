/* A wall without a person: it asks whether its grant still holds. When that is revoked nothing stays on the screen. */
const ASK_MILLISECONDS = 4000;

async function ask() {
  const answer = await fetch("/wall/display/state", { credentials: "same-origin", cache: "no-store" }).catch(() => null);
  if (answer?.status !== 401) return;
  document.body.replaceChildren();
  location.reload();
}

setInterval(ask, ASK_MILLISECONDS);
