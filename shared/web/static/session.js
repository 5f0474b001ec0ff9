/* The session of a page that stays open: renewed before it ends, for all tabs by one of them; gone from the screen when it has ended. */
const RENEWED_AT_SECONDS_LEFT = 360;
const LIFE_SECONDS = 600;
const LOOK_MILLISECONDS = 15_000;

const tabs = new BroadcastChannel("clearwater-session");
const data = document.body.dataset;
let endsAt = data.secondsLeft === undefined ? Infinity : Date.now() + Number(data.secondsLeft) * 1000;

/** Asks for the session to go on. False when it does not; null when nobody answered. */
export async function renew() {
  const answer = await fetch("/login/renewal", { method: "POST", credentials: "same-origin" }).catch(() => null);
  if (answer === null || answer.status >= 500) return null;
  if (!answer.ok) return false;
  renewed();
  tabs.postMessage("renewed");
  return true;
}

function renewed() {
  endsAt = Date.now() + LIFE_SECONDS * 1000;
}

async function look() {
  if (endsAt - Date.now() > RENEWED_AT_SECONDS_LEFT * 1000) return;
  if ((await renew()) === false) location.replace(`/login?next=${encodeURIComponent(location.pathname + location.search)}`);
}

const hide = (hidden) => {
  document.documentElement.style.visibility = hidden ? "hidden" : "";
};

if (data.signedOut) {
  tabs.postMessage("signed-out");
} else {
  tabs.addEventListener("message", (message) => {
    if (message.data === "renewed") renewed();
    if (message.data === "signed-out") {
      hide(true);
      location.replace("/signed-out");
    }
  });
  // A browser may keep a page that was left and show it again by "back", to whoever sits there then.
  addEventListener("pagehide", () => hide(true));
  addEventListener("pageshow", (event) => {
    if (event.persisted) location.reload();
  });
  document.addEventListener("visibilitychange", look);
  setInterval(look, LOOK_MILLISECONDS);
  look();
}
