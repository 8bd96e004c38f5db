// The line on top that says what went otherwise than expected, and what can be done about it.

import { button } from "./dom.js";
import { Unreachable } from "./api.js";
import { wait } from "./timing.js";

const LONGEST_WAIT_SECONDS = 15;
const banner = document.getElementById("banner");

// `actions` are [label, act] pairs, each a button that also takes the line away.
export function say(text, { isBad = false, isOffline = false, actions = [] } = {}) {
  banner.textContent = text;
  banner.hidden = !text;
  banner.classList.toggle("is-bad", isBad);
  if (isOffline) banner.dataset.isOffline = "yes";
  else delete banner.dataset.isOffline;
  for (const [label, act] of actions) banner.append(button(label, () => { say(""); act(); }));
}

// Try until the server is reached, waiting longer each time; what is asked may safely arrive twice.
export async function untilReached(ask) {
  for (let seconds = 1; ; seconds = Math.min(seconds * 2, LONGEST_WAIT_SECONDS)) {
    try {
      const answer = await ask();
      if (banner.dataset.isOffline) say("");
      return answer;
    } catch (error) {
      if (!(error instanceof Unreachable)) throw error;
      say(`The server cannot be reached. Nothing is lost; trying again in ${seconds} s.`, { isOffline: true });
      await Promise.race([wait(seconds), new Promise((done) => addEventListener("online", done, { once: true }))]);
    }
  }
}
