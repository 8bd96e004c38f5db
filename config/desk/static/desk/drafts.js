// Drafts: in this browser at once, on the server a moment later. Neither is lost before the submit has arrived.

import * as api from "./api.js";

const DELAY_MS = 800;
const name = (lease) => `assay-draft-${lease}`;

export class Drafts {
  constructor(lease, say) {
    this.lease = lease;
    this.say = say;
    this.timer = null;
  }

  // What this browser still holds of the task, if it holds anything.
  local() {
    return JSON.parse(sessionStorage.getItem(name(this.lease)) ?? "null");
  }

  keep(value) {
    sessionStorage.setItem(name(this.lease), JSON.stringify(value));
    this.say("");
    clearTimeout(this.timer);
    this.timer = setTimeout(() => this.send(value), DELAY_MS);
  }

  async send(value) {
    try {
      await api.saveDraft(this.lease, value);
      this.say("Saved");
    } catch (error) {
      this.say(error instanceof api.Unreachable ? "Kept in this browser" : "");
    }
  }

  pause() {
    clearTimeout(this.timer);
  }

  forget() {
    this.pause();
    sessionStorage.removeItem(name(this.lease));
  }
}
