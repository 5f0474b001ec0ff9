/* One live stream of a district for all tabs of a browser. A browser keeps six connections to a host over HTTP/1.1, and each stream is one.

   One tab leads: it holds the lock of the line, reads the stream and passes every message on; the others wait for the lock. When the leader
   is closed or crashes, the browser gives the lock to the next. When it falls silent, as a frozen tab does, one of the others takes the lock.

   Invariant: a tab is handed every event once and in order, whoever leads. `reached` is the number up to which it has everything. An event
   says after which number it goes on; if that is beyond `reached`, the tab lacks something and asks for it. The leader sends again what it
   still keeps, and says so where it does not: then the page is drawn anew. A tab that begins to lead asks the server from its own number.

   Without locks (a browser from before 2022, or plain HTTP to another host) every tab reads a stream of its own. */
const KEPT = 64;
const LOOK_MILLISECONDS = 2000;
const SILENT_MILLISECONDS = 8000;
const AGAIN_MILLISECONDS = 3000;
const CROWDED_MILLISECONDS = 5000;
const MOST_STREAMS = 4; // of one browser; two connections stay free for everything else
const VERSION = 1; // of the messages between tabs: during an upgrade two may be open

/** `take` gets each event from `number` on, `pulse` the moment of a sign of life. `reset`: nothing from before can be continued.
    `lost`: events up to a number are gone for this tab. `audience`: who may read it; only tabs of the same share a stream. */
export function join({ base, district, number, audience, take, pulse, reset, lost }) {
  const name = `clearwater-stream-${VERSION} ${district} ${audience}`;
  const shared = Boolean(navigator.locks && globalThis.BroadcastChannel);
  const tabs = shared ? new BroadcastChannel(name) : null;
  let reached = number, kept = [], leading = false, stop = () => {};

  const on = {
    event(message) {
      if (message.number <= reached) return;
      if (message.after > reached) return ask();
      reached = message.number;
      kept.push(message);
      if (kept.length > KEPT) kept.shift();
      take(message.live);
    },
    pulse(message) {
      pulse(message.moment);
      if (message.reached > reached) ask();
    },
    reset() {
      reached = -1;
      kept = [];
      reset();
    },
    since(message) {
      if (leading && message.number < reached) again(message.number);
    },
    gone(message) {
      if (reached >= message.before) return;
      reached = message.reached;
      kept = [];
      lost(reached);
    },
    draw: () => lost(0),
    alive() {},
  };
  const pass = (message) => {
    tabs?.postMessage(message);
    on[message.kind](message);
  };
  const ask = () => tabs?.postMessage({ kind: "since", number: reached });
  const again = (from) => {
    const first = kept.findIndex((message) => message.after <= from && message.number > from);
    if (first >= 0) kept.slice(first).forEach((message) => { tabs.postMessage(message); });
    else tabs.postMessage({ kind: "gone", before: kept[0]?.after ?? reached, reached });
  };

  function read() {
    let source, later, over = false;
    const open = () => {
      const address = `${base}?district=${district}${reached < 0 ? "" : `&since=${reached}`}`;
      source = new EventSource(address);
      const event = (after) => ({ data }) => {
        const live = JSON.parse(data);
        pass({ kind: "event", after: after ?? reached, number: live.as_of.number, live });
      };
      source.addEventListener("change", event());
      source.addEventListener("snapshot", event(-1));
      source.addEventListener("as_of", ({ data }) => pass({ kind: "pulse", reached, moment: JSON.parse(data).as_of }));
      source.addEventListener("reset", () => pass({ kind: "reset" }));
      source.addEventListener("error", () => {
        // The browser comes back by itself from a broken line; after a refusal it gives up, and we connect again.
        if (source.readyState === EventSource.CLOSED) refused(address);
      });
    };
    // Who reads too many streams elsewhere sees a page that is drawn anew, until one of them ends.
    const refused = async (address) => {
      const tooMany = await isRefusedAsTooMany(address);
      if (over) return;
      if (tooMany) pass({ kind: "draw" });
      later = setTimeout(open, tooMany ? CROWDED_MILLISECONDS : AGAIN_MILLISECONDS);
    };
    open();
    return () => {
      over = true;
      source.close();
      clearTimeout(later);
    };
  }

  /* Until another tab takes the lock, or this one is closed. */
  async function lead() {
    let over = false;
    const ends = [];
    stop = () => {
      over = true;
      leading = false;
      ends.splice(0).forEach((end) => { end(); });
    };
    leading = true;
    const beat = setInterval(() => tabs.postMessage({ kind: "alive" }), LOOK_MILLISECONDS);
    ends.push(() => clearInterval(beat));
    for (let slot; !slot && !over; ) {
      slot = await freeSlot();
      if (slot) ends.push(slot);
      else {
        pass({ kind: "draw" });
        await new Promise((done) => setTimeout(done, CROWDED_MILLISECONDS));
      }
    }
    if (over) return ends.splice(0).forEach((end) => { end(); });
    ends.push(read());
    return new Promise((done) => ends.push(done));
  }

  let waiting, heardAt = performance.now(), lookedAt = heardAt, takesOver = false, left = false;
  async function serve() {
    while (!left) {
      waiting = new AbortController();
      const how = takesOver ? { steal: true } : { signal: waiting.signal };
      takesOver = false;
      await navigator.locks.request(name, how, lead).catch((error) => {
        if (error.name !== "AbortError") throw error; // else: this tab takes the lock now, or another has taken it
      });
      stop();
    }
  }

  /* One tab at a time takes the lock, and leaves the others time to hear it. A tab that slept itself has heard nothing: that says nothing. */
  function look() {
    const now = performance.now();
    if (leading || now - lookedAt > 2 * LOOK_MILLISECONDS) heardAt = now;
    lookedAt = now;
    if (now - heardAt < SILENT_MILLISECONDS) return;
    navigator.locks.request(`${name} silent`, { ifAvailable: true }, async (lock) => {
      if (!lock || performance.now() - heardAt < SILENT_MILLISECONDS) return;
      takesOver = true;
      waiting.abort();
      await new Promise((done) => setTimeout(done, SILENT_MILLISECONDS));
    });
  }

  if (!shared) return void read();
  tabs.addEventListener("message", ({ data }) => {
    if (data.kind !== "since") heardAt = performance.now();
    on[data.kind]?.(data);
  });
  // The browser may keep a page that was left, and show it again by "back": it must not keep the stream meanwhile.
  addEventListener("pagehide", () => {
    left = true;
    waiting.abort();
    stop();
  });
  addEventListener("pageshow", ({ persisted }) => {
    if (persisted) location.reload();
  });
  serve();
  ask();
  setInterval(look, LOOK_MILLISECONDS);
}

/** One of the streams that this browser may have at a time: the function that gives it back, or null. */
async function freeSlot() {
  for (let slot = 0; slot < MOST_STREAMS; slot += 1) {
    const release = await new Promise((found) => {
      navigator.locks.request(`clearwater-stream-slot ${slot}`, { ifAvailable: true }, (lock) => {
        if (lock) return new Promise((done) => found(done));
        return found(null);
      });
    });
    if (release) return release;
  }
  return null;
}

/** An EventSource does not say why it was refused. */
async function isRefusedAsTooMany(address) {
  const probe = new AbortController();
  const answer = await fetch(address, { headers: { Accept: "text/event-stream" }, signal: probe.signal }).catch(() => null);
  probe.abort();
  return answer?.status === 429;
}
