// The task page: take the next task, show it, keep what is typed, submit, and go on at once.

import { hideGuideline, showGuideline } from "./acknowledge.js";
import * as api from "./api.js";
import { Drafts } from "./drafts.js";
import { button, element } from "./dom.js";
import { Form } from "./form.js";
import { isPlain, showKeys } from "./keys.js";
import { LeaseClock } from "./lease.js";
import { Stopwatch, wait } from "./timing.js";

const LOOK_SECONDS = 20;
const LONGEST_WAIT_SECONDS = 15;
const byId = (id) => document.getElementById(id);

const TITLE = document.title;

let now = null; // the task in hand: { task, form, drafts, watch, clock }
let isBusy = false;
let looking = null;

async function takeNext() {
  clearTimeout(looking);
  leave();
  const { task, reason } = await untilReached(() => api.next());
  if (task) show(task);
  else if (reason.guideline) showReading(reason.guideline);
  else showNothing(reason);
}

function leave() {
  hideGuideline();
  if (!now) return;
  now.clock.stop();
  now.drafts.pause();
  now.watch.stop();
  now = null;
}

function show(task) {
  const { item, guideline, project, lease } = task;
  byId("project").textContent = `${project.name} · ${item.language}`;
  byId("title").textContent = task.form.title;
  byId("guideline-number").textContent = `version ${guideline.number}`;
  byId("clauses").replaceChildren(...guideline.clauses.map((clause) =>
    element("div", {}, element("dt", {}, clause.title ?? clause.id), element("dd", {}, clause.text ?? ""))));
  const form = new Form({ conversation: byId("conversation"), questions: byId("questions") }, task);
  const drafts = new Drafts(lease.token, (text) => { byId("saved").textContent = text; });
  byId("saved").textContent = "";
  form.fill(drafts.local() ?? task.draft);
  const clock = new LeaseClock(lease, {
    say: (text) => { byId("left").textContent = text; },
    lost: (sentence) => say(sentence, { isBad: true, action: ["Go on with another task", () => run(takeNext)] }),
  });
  now = { task, form, drafts, watch: new Stopwatch(), clock };
  byId("empty").hidden = true;
  byId("task").hidden = false;
  byId("submit").disabled = false;
  scrollTo(0, 0);
  byId("title").focus({ preventScroll: true });
  byId("status").textContent = "The next task is here.";
  if (document.hidden) document.title = `A task waits · ${TITLE}`;
}

function showNothing(reason) {
  byId("project").textContent = "";
  byId("task").hidden = true;
  byId("empty").hidden = false;
  byId("empty-reason").textContent = reason.message;
  byId("saved").textContent = "";
  looking = setTimeout(() => run(takeNext), LOOK_SECONDS * 1000);
}

function showReading(guideline) {
  byId("project").textContent = guideline.project.name;
  byId("task").hidden = true;
  byId("empty").hidden = true;
  byId("saved").textContent = "";
  showGuideline(document.querySelector("main"), guideline, () => run(async () => {
    try {
      await untilReached(() => api.acknowledge(guideline.project.id, guideline.number));
    } catch (error) {
      if (!(error instanceof api.Refused)) throw error;
      say(error.message, { isBad: true });
    }
    await takeNext();
  }));
}

async function submit() {
  if (!now) return;
  const { task, form, drafts, watch } = now;
  const value = form.read();
  form.clearFaults();
  byId("submit").disabled = true;
  drafts.pause();
  try {
    const done = await untilReached(() => api.submit(task.lease.token, value, watch.seconds));
    drafts.forget();
    if (done.placed) say("");
    else say(done.message);
    refreshToday();
    await takeNext();
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    byId("submit").disabled = false;
    if (error.status === 422 && error.errors.length) form.showFaults(error.errors);
    else say(error.message, { isBad: true, action: ["Go on with another task", () => run(takeNext)] });
  }
}

async function skip() {
  const reason = byId("skip-reason").value.trim();
  if (!now || !byId("skip-reason").reportValidity()) return;
  byId("skip-dialog").close();
  try {
    await untilReached(() => api.skip(now.task.lease.token, reason));
    now.drafts.forget();
    say("");
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    say(error.message, { isBad: true });
  }
  await takeNext();
}

// Try until the server is reached, waiting longer each time; what is asked may safely arrive twice.
async function untilReached(ask) {
  for (let seconds = 1; ; seconds = Math.min(seconds * 2, LONGEST_WAIT_SECONDS)) {
    try {
      const answer = await ask();
      if (byId("banner").dataset.isOffline) say("");
      return answer;
    } catch (error) {
      if (!(error instanceof api.Unreachable)) throw error;
      say(`The server cannot be reached. Nothing is lost; trying again in ${seconds} s.`, { isOffline: true });
      await wait(seconds);
    }
  }
}

function say(text, { isBad = false, isOffline = false, action = null } = {}) {
  const banner = byId("banner");
  banner.textContent = text;
  banner.hidden = !text;
  banner.classList.toggle("is-bad", isBad);
  if (isOffline) banner.dataset.isOffline = "yes";
  else delete banner.dataset.isOffline;
  if (action) {
    const [label, act] = action;
    banner.append(button(label, () => { say(""); act(); }));
  }
}

// Nothing is given back until a reason is said and confirmed.
function openSkip() {
  byId("skip-reason").value = "";
  byId("skip-dialog").showModal();
}

function openKeys() {
  showKeys(byId("keys"), now?.form);
  byId("keys-dialog").showModal();
}

async function refreshToday() {
  try {
    byId("today").textContent = (await api.me()).today.submitted;
  } catch (error) {
    if (!(error instanceof api.Unreachable)) throw error;
  }
}

// One thing at a time: a second press while the first is under way does nothing.
async function run(act) {
  if (isBusy) return;
  isBusy = true;
  try {
    await act();
  } finally {
    isBusy = false;
  }
}

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    const dialog = document.querySelector("dialog[open]");
    if (!dialog) run(submit);
    else if (dialog === byId("skip-dialog")) run(skip);
    return;
  }
  if (!isPlain(event)) return;
  if (event.key === "?") openKeys();
  else if (!now) return;
  else if (event.key === "g") byId("guideline").open = !byId("guideline").open;
  else if (event.key === "s") {
    event.preventDefault(); // or the s would be the reason's first letter
    openSkip();
  }
  else if (now.form.press(event.key, event.target)) event.preventDefault();
});

document.addEventListener("visibilitychange", () => { document.title = TITLE; });

byId("form").addEventListener("input", () => {
  now.form.refresh();
  now.form.clearFaults();
  now.drafts.keep(now.form.read());
});
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  run(submit);
});
byId("skip").addEventListener("click", openSkip);
byId("skip-confirm").addEventListener("click", () => run(skip));
byId("show-keys").addEventListener("click", openKeys);
byId("look").addEventListener("click", () => run(takeNext));

refreshToday();
run(takeNext);
