/* The business clock as a page knows it, and the instants at which a page says something else although no event comes: the period opens or
   ends, a business day ends. An element names such an instant by data-turns-at, and the page is drawn anew just then. */

const STEADY = [0.5, 1.5]; // a speed that is measured between these is the real one: an answer comes sooner or later
const SHORTEST_MILLISECONDS = 900; // between two moments that a speed is measured from
const SPREAD_MILLISECONDS = 1500; // many walls do not ask in the same instant
const MOST_MILLISECONDS = 30_000; // between two drawings while the service's clock has not come to the instant

/** Runs on from the last moment heard, at the speed between the last two: a demo's day is compressed, or stands still. */
export function businessClock() {
  let last = null, speed = 1;
  return {
    /** The moment that figures are of, and how long before the service's own instant that was. */
    take({ at, lag_seconds: lag }) {
      if (!at) return;
      const moment = { at: Date.parse(at) + (lag ?? 0) * 1000, on: performance.now() };
      const passed = last ? moment.on - last.on : 0;
      if (passed >= SHORTEST_MILLISECONDS) {
        const measured = Math.max(0, moment.at - last.at) / passed;
        speed = measured > STEADY[0] && measured < STEADY[1] ? 1 : measured;
      }
      if (!last || passed >= SHORTEST_MILLISECONDS) last = moment;
    },
    now: () => (last ? last.at + (performance.now() - last.on) * speed : null),
  };
}

/** Called with the business clock's instant once a second, it draws the page anew when the next of its instants has come. */
export function turning(redraw) {
  let due = null, tries = 0, waiting = false;
  return (now) => {
    const next = Math.min(...[...document.querySelectorAll("[data-turns-at]:not([data-turns-at=\"\"])")].map(({ dataset }) => Date.parse(dataset.turnsAt)));
    if (next !== due) [due, tries] = [next, 0];
    if (waiting || now === null || now < next) return;
    waiting = true;
    const pause = Math.min(1000 * (2 ** tries++ - 1), MOST_MILLISECONDS) + Math.random() * SPREAD_MILLISECONDS;
    setTimeout(async () => {
      await redraw();
      waiting = false;
    }, pause);
  };
}
