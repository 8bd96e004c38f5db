// The task page: take the next task, show it, keep what is typed, submit, and go on at once.

import { hideGuideline, showGuideline } from "./acknowledge.js";
import * as api from "./api.js";
import { Drafts } from "./drafts.js";
import { Form, content, element } from "./form.js";
import { Stopwatch, wait } from "./timing.js";

const LOOK_SECONDS = 20;
const LONGEST_WAIT_SECONDS = 15;
const byId = (id) => document.getElementById(id);

let now = null; // the task in hand: { task, form, drafts, watch, beat }
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
  clearInterval(now.beat);
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
  byId("conversation").replaceChildren(...item.messages.map((message) =>
    element("div", { className: `message is-${message.role}` },
      element("div", { className: "role" }, message.role), content(item.language, message.html))));
  const form = new Form(byId("questions"), task);
  const drafts = new Drafts(lease.token, (text) => { byId("saved").textContent = text; });
  byId("saved").textContent = "";
  form.fill(drafts.local() ?? task.draft);
  const beat = setInterval(() => keepAlive(lease.token), Math.max(lease.seconds / 3, 5) * 1000);
  now = { task, form, drafts, watch: new Stopwatch(), beat };
  byId("empty").hidden = true;
  byId("task").hidden = false;
  byId("submit").disabled = false;
  scrollTo(0, 0);
  byId("title").focus({ preventScroll: true });
  byId("status").textContent = "The next task is here.";
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

async function keepAlive(lease) {
  try {
    await api.heartbeat(lease);
  } catch (error) {
    if (error instanceof api.Refused && now?.task.lease.token === lease) {
      clearInterval(now.beat);
      say(error.message, { isBad: true, action: ["Go on with another task", () => run(takeNext)] });
    }
  }
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
    const button = element("button", { type: "button" }, label);
    button.addEventListener("click", () => { say(""); act(); });
    banner.append(button);
  }
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

const isTyping = (target) => target.closest("textarea, select, input:not([type=radio], [type=checkbox])") !== null;

document.addEventListener("keydown", (event) => {
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    run(submit);
    return;
  }
  if (event.ctrlKey || event.metaKey || event.altKey || isTyping(event.target) || document.querySelector("dialog[open]")) return;
  if (event.key === "?") byId("keys-dialog").showModal();
  else if (!now) return;
  else if (/^[1-9]$/.test(event.key)) now.form.choose(Number(event.key));
  else if (event.key === "0") now.form.choose("tie");
  else if (event.key === "b") now.form.choose("both_bad");
  else if (event.key === "g") byId("guideline").open = !byId("guideline").open;
});

byId("form").addEventListener("input", () => {
  now.form.refresh();
  now.form.clearFaults();
  now.drafts.keep(now.form.read());
});
byId("form").addEventListener("submit", (event) => {
  event.preventDefault();
  run(submit);
});
byId("skip").addEventListener("click", () => {
  byId("skip-reason").value = "";
  byId("skip-dialog").showModal();
});
byId("skip-confirm").addEventListener("click", () => run(skip));
byId("show-keys").addEventListener("click", () => byId("keys-dialog").showModal());
byId("look").addEventListener("click", () => run(takeNext));

refreshToday();
run(takeNext);
