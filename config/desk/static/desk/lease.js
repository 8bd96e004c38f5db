// The lease: kept alive while the task is on the screen, and its end said quietly when it comes near.

import * as api from "./api.js";

const NEAR_SECONDS = 120;

export class LeaseClock {
  // `say(text)` shows what is left, "" while there is plenty; `lost(sentence)` is called when it is no longer ours.
  constructor(lease, { say, lost }) {
    Object.assign(this, { token: lease.token, say, lost });
    this.near = Math.min(NEAR_SECONDS, lease.seconds / 2); // a short lease is near its end only when it is not renewed
    this.end(lease.seconds);
    this.beat = setInterval(() => this.renew(), Math.max(lease.seconds / 3, 5) * 1000);
    this.tick = setInterval(() => this.show(), 1000);
    this.show();
  }

  end(seconds) {
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
      this.lost(error.message);
    }
  }

  show() {
    const left = Math.max(0, Math.round((this.until - performance.now()) / 1000));
    const time = `${Math.floor(left / 60)}:${String(left % 60).padStart(2, "0")}`;
    this.say(left < this.near ? `Yours for ${time} more` : "");
  }

  stop() {
    this.isOver = true;
    clearInterval(this.beat);
    clearInterval(this.tick);
    this.say("");
  }
}
