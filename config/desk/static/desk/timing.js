// How long a person has looked at the task: the time during which the page was visible, in seconds.

export class Stopwatch {
  constructor() {
    this.total = 0;
    this.since = document.hidden ? null : performance.now();
    this.listener = () => {
      if (document.hidden) this.pause();
      else this.since ??= performance.now();
    };
    document.addEventListener("visibilitychange", this.listener);
  }

  pause() {
    if (this.since !== null) this.total += performance.now() - this.since;
    this.since = null;
  }

  stop() {
    this.pause();
    document.removeEventListener("visibilitychange", this.listener);
  }

  get seconds() {
    const running = this.since === null ? 0 : performance.now() - this.since;
    return Math.round(this.total + running) / 1000;
  }
}

export const wait = (seconds) => new Promise((done) => setTimeout(done, seconds * 1000));
