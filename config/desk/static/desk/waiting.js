// Nothing to do: why, until when in the reader's own time, and when to look again: then, or else ever less often.

const FIRST_SECONDS = 20;
const LONGEST_SECONDS = 300;
const AT_MOST_SECONDS = 3600; // plans change: even a known time is not waited for longer than this
const SPREAD_SECONDS = 10; // many wait for the same midnight, and need not all ask in the same second
const byId = (id) => document.getElementById(id);

let pause = FIRST_SECONDS;
let timer = null;
let lookedAt = -Infinity;
let again = null;

export function showWaiting({ message, until, seconds }, look) {
  byId("empty").hidden = false;
  byId("empty-reason").textContent = message;
  byId("empty-until").textContent = until ? `Until ${timeOf(new Date(until), seconds)}.` : "";
  let wait = pause;
  if (until) wait = Math.min(seconds + 1 + Math.random() * SPREAD_SECONDS, AT_MOST_SECONDS);
  else pause = Math.min(pause * 1.5, LONGEST_SECONDS);
  lookedAt = performance.now();
  again = look;
  clearTimeout(timer);
  timer = setTimeout(look, wait * 1000);
}

export function stopWaiting() {
  clearTimeout(timer);
  again = null;
  byId("empty").hidden = true;
}

// Once a task has come, the next wait begins at the shortest again.
export function resetWaiting() {
  pause = FIRST_SECONDS;
}

// The time of day, with the day where it is not today's. What day it is, the server's clock says: this one may be wrong.
function timeOf(moment, seconds) {
  const now = new Date(moment.getTime() - seconds * 1000);
  const day = now.toDateString() === moment.toDateString() ? {} : { weekday: "long", day: "numeric", month: "long" };
  return new Intl.DateTimeFormat(undefined, { ...day, hour: "2-digit", minute: "2-digit" }).format(moment);
}

// Who comes back to the page is told at once, but not asked for over and over.
document.addEventListener("visibilitychange", () => {
  if (document.hidden || !again || performance.now() - lookedAt < FIRST_SECONDS * 1000) return;
  again();
});
