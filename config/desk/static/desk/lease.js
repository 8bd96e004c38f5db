// The lease: kept alive while the task is on the screen, and its end said quietly when it comes near. What is left is
// counted from the seconds that the server names: what this computer holds for the time of day does not matter.

import * as api from "./api.js";

const NEAR_SECONDS = 120;
const BEAT_SECONDS = 45; // a task that was taken ahead is kept by these, and not for long

export class LeaseClock {
  // `say(text)` shows what is left, "" while there is plenty; `offer(is)` says whether more time should be offered;
  // `lost(sentence, state)` is called when the task is no longer ours.
  constructor(lease, { say, offer, lost }) {
    Object.assign(this, { token: lease.token, say, offer, lost, full: lease.seconds, isExtended: false });
    this.near = Math.min(NEAR_SECONDS, lease.seconds / 2); // a short lease is near its end only when it is not renewed
    this.end(lease.seconds);
    this.beat = setInterval(() => this.renew(), Math.min(Math.max(lease.seconds / 3, 5), BEAT_SECONDS) * 1000);
    this.tick = setInterval(() => this.show(), 1000);
    this.awake = () => { if (!document.hidden) this.renew(); };
    document.addEventListener("visibilitychange", this.awake);
    addEventListener("online", this.awake);
    this.show();
  }

  end(seconds) {
    this.full = Math.max(this.full, seconds);
    this.until = performance.now() + seconds * 1000;
  }

  async renew() {
    try {
      const { seconds } = await api.heartbeat(this.token);
      this.end(seconds);
      this.show();
    } catch (error) {
      if (!(error instanceof api.Refused) || this.isOver) return;
      this.stop();
      this.lost(error.message, error.state);
    }
  }

  // Take as much time again. Raises what the server refuses: once is all there is.
  async extend() {
    this.isExtended = true;
    const { seconds } = await api.extend(this.token);
    this.end(seconds);
    this.show();
  }

  get left() {
    return Math.max(0, Math.round((this.until - performance.now()) / 1000));
  }

  show() {
    const { left } = this;
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.say(left < this.near ? `Yours for ${time} more` : "");
    this.offer(left < this.full / 4 && !this.isExtended && !this.isOver);
  }

  stop() {
    this.isOver = true;
    clearInterval(this.beat);
    clearInterval(this.tick);
    document.removeEventListener("visibilitychange", this.awake);
    removeEventListener("online", this.awake);
    this.say("");
    this.offer(false);
  }
}
