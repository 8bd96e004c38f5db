// Drafts: in this browser at once, under the person's own name, and on the server a moment later. Neither is lost before
// the submit has arrived. Logging out takes them along.

import * as api from "./api.js";

const DELAY_MS = 800;
const RETRY_MS = 5000;
const KEPT_DAYS = 7;
const OWN = `assay-draft-${api.person}-`;

const read = (name) => JSON.parse(localStorage.getItem(name) ?? "null");

export class Drafts {
  constructor({ key, lease, form }, say) {
    Object.assign(this, { name: OWN + key, lease: lease.token, title: form.title, say, timer: null });
    this.online = () => this.retry();
    addEventListener("online", this.online);
  }

  // What this browser holds of the task that the server does not, if it holds anything.
  local() {
    const kept = read(this.name);
    return kept && !kept.isSaved ? kept.value : null;
  }

  keep(value) {
    this.write(value, false);
    this.say("");
    this.later(value, DELAY_MS);
  }

  write(value, isSaved) {
    localStorage.setItem(this.name, JSON.stringify({ value, isSaved, lease: this.lease, title: this.title, at: Date.now() }));
  }

  later(value, milliseconds) {
    clearTimeout(this.timer);
    this.waiting = value;
    this.timer = setTimeout(() => this.send(value), milliseconds);
  }

  async send(value) {
    try {
      await api.saveDraft(this.lease, value);
      if (this.waiting !== value) return; // more was typed meanwhile, or it was submitted
      this.waiting = null;
      this.write(value, true);
      this.say("Saved");
    } catch (error) {
      const isUnreachable = error instanceof api.Unreachable;
      this.say(isUnreachable ? "Kept in this browser" : "");
      if (isUnreachable && this.waiting === value) this.later(value, RETRY_MS);
    }
  }

  retry() {
    if (this.waiting) this.later(this.waiting, 0);
  }

  pause() {
    clearTimeout(this.timer);
    this.waiting = null;
    removeEventListener("online", this.online);
  }

  resume(value) {
    addEventListener("online", this.online);
    this.keep(value);
  }

  forget() {
    this.pause();
    localStorage.removeItem(this.name);
  }
}

// What was typed for other tasks and never sent: [{ lease, value, title, forget() }]. The very old is thrown away.
export function leftovers(key) {
  const found = [];
  for (const name of Object.keys(localStorage).filter((each) => each.startsWith(OWN) && each !== OWN + key)) {
    const forget = () => localStorage.removeItem(name);
    const kept = read(name);
    if (Date.now() - kept.at > KEPT_DAYS * 86_400_000) forget();
    else found.push({ ...kept, forget });
  }
  return found;
}

export function forgetAll() {
  for (const name of Object.keys(localStorage)) if (name.startsWith(OWN)) localStorage.removeItem(name);
}
