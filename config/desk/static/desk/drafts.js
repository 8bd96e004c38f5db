// Drafts: in this browser at once, under the person's own name, and on the server a moment later. Neither is lost before
// the submit has arrived. Logging out takes them along.

import * as api from "./api.js";

const DELAY_MS = 800;
const RETRY_MS = 5000;
const OWN = `assay-draft-${api.person}-`;
const CORRECTIONS = `assay-correction-${api.person}-`;

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
    localStorage.setItem(this.name, JSON.stringify({ value, isSaved, lease: this.lease, title: this.title }));
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

// What was typed for other tasks and never sent: [{ lease, value, title, forget() }]. Only its author throws it away: how
// old it is, this computer's clock need not know.
export function leftovers(key) {
  const names = Object.keys(localStorage).filter((name) => name.startsWith(OWN) && name !== OWN + key);
  return names.map((name) => ({ ...read(name), forget: () => localStorage.removeItem(name) }));
}

// What was typed to correct an answer, in this browser only.
export const keepCorrection = (answer, value) => localStorage.setItem(CORRECTIONS + answer, JSON.stringify(value));
export const keptCorrection = (answer) => read(CORRECTIONS + answer);
export const forgetCorrection = (answer) => localStorage.removeItem(CORRECTIONS + answer);

export function forgetAll() {
  for (const name of Object.keys(localStorage)) {
    if (name.startsWith(OWN) || name.startsWith(CORRECTIONS)) localStorage.removeItem(name);
  }
}
