// The task page: take the next task, show it, keep what is typed, submit, and go on at once.

import { hideGuideline, showGuideline } from "./acknowledge.js";
import { Correction, showAnswers } from "./answers.js";
import * as api from "./api.js";
import { say, untilReached } from "./banner.js";
import { showBeside } from "./beside.js";
import { Drafts, forgetAll, leftovers } from "./drafts.js";
import { element } from "./dom.js";
import { Form } from "./form.js";
import { refreshMe, showInbox, showProjects } from "./inbox.js";
import { isPlain, showKeys } from "./keys.js";
import { LeaseClock } from "./lease.js";
import { openAsk, openFlag, sendAsk, sendFlag } from "./reports.js";
import { showRulings } from "./rulings.js";
import { listen, tell } from "./tabs.js";
import { Stopwatch } from "./timing.js";
import { resetWaiting, showWaiting, stopWaiting } from "./waiting.js";

const AHEAD_MS = 5000; // so long after a task has come, the one after it is taken ahead
const byId = (id) => document.getElementById(id);

const TITLE = document.title;

let now = null; // the task in hand: { task, form, drafts, watch, clock, isTyped }, and the one ahead once there is one
let correction = null;
let isBusy = false;
let isTraining = false; // whether a training is under way: its answers are explained at once

const goOn = ["Go on with another task", () => run(takeNext)];

// What was taken ahead is shown at once, and can be answered while the server says that it is the next one.
async function takeNext() {
  const ahead = now?.ahead;
  leave();
  if (!ahead) return askForNext();
  show(ahead);
  now.handedOver = orSay(askForNext);
}

async function askForNext() {
  const { task, reason } = await untilReached(() => api.next());
  if (task && now?.task.key === task.key) return now.clock.end(task.lease.seconds);
  leave();
  if (task) show(task);
  else if (reason.guideline) showReading(reason.guideline);
  else showNothing(reason);
}

function leave() {
  hideGuideline();
  stopWaiting();
  if (!now) return;
  now.clock.stop();
  now.drafts.pause();
  now.watch.stop();
  clearTimeout(now.looksAhead);
  now = null;
}

function show(task) {
  const { item, guideline, project, lease } = task;
  byId("project").textContent = `${project.name} · ${item.language}`;
  byId("title").textContent = task.form.title;
  byId("guideline-number").textContent = `version ${guideline.number}`;
  const clauses = new Map(guideline.clauses.map((clause) => [clause.id,
    element("div", {}, element("dt", {}, clause.title ?? clause.id), element("dd", {}, clause.text ?? ""))]));
  byId("clauses").replaceChildren(...clauses.values());
  showRulings(project.id, clauses);
  showBeside(byId("beside"), task.beside);
  const form = new Form({ conversation: byId("conversation"), questions: byId("questions") }, task);
  const drafts = new Drafts(task, (text) => { byId("saved").textContent = text; });
  byId("saved").textContent = "";
  const unsent = drafts.local();
  form.fill(unsent ?? task.draft);
  if (unsent) drafts.keep(unsent);
  const clock = new LeaseClock(lease, {
    say: (text) => { byId("left").textContent = text; },
    offer: (is) => { byId("more").hidden = !is; },
    lost: (sentence, state) => endedElsewhere(sentence, { isAnswered: state === "submitted" }),
  });
  now = { task, form, drafts, watch: new Stopwatch(), clock, isTyped: Boolean(unsent), pasted: 0, looksAhead: setTimeout(lookAhead, AHEAD_MS) };
  resetWaiting();
  byId("task").hidden = false;
  byId("submit").disabled = false;
  scrollTo(0, 0);
  byId("title").focus({ preventScroll: true });
  byId("status").textContent = "The next task is here.";
  if (document.hidden) document.title = `A task waits · ${TITLE}`;
  offerLeftovers(task.key);
}

function showNothing(reason) {
  byId("project").textContent = "";
  byId("task").hidden = true;
  byId("saved").textContent = "";
  showWaiting(reason, () => run(takeNext));
  offerLeftovers(null);
}

function showReading(guideline) {
  byId("project").textContent = guideline.project.name;
  byId("task").hidden = true;
  byId("saved").textContent = "";
  showGuideline(document.querySelector("main"), guideline, () => run(async () => {
    await orSay(() => untilReached(() => api.acknowledge(guideline.project.id, guideline.number)));
    await takeNext();
  }));
}

async function lookAhead() {
  const { task } = now;
  if (document.hidden) return;
  try {
    const { task: ahead } = await api.prefetch();
    if (now?.task === task) now.ahead = ahead;
  } catch (error) {
    if (!(error instanceof api.Refused || error instanceof api.Unreachable)) throw error;
  }
}

async function submit() {
  const shown = now;
  await now?.handedOver;
  if (!now || now !== shown) return;
  const { task, form, drafts, watch } = now;
  const value = form.read();
  form.clearFaults();
  byId("submit").disabled = true;
  drafts.pause();
  try {
    const done = await untilReached(() => api.submit(task.lease.token, value, watch.seconds, shown.pasted));
    drafts.forget();
    say(done.placed ? await explained(done.annotation) : done.message);
    lookAtMe();
    await takeNext();
    tell({ lease: task.lease.token, isAnswered: true, answer: done.annotation, value: JSON.stringify(value) });
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    byId("submit").disabled = false;
    drafts.resume(value);
    if (error.status === 422 && error.errors.length) form.showFaults(error.errors);
    else say(error.message, { isBad: true, actions: [goOn] });
  }
}

async function lookAtMe() {
  isTraining = (await refreshMe())?.is_training ?? isTraining;
}

// In a training, what an answer came to; nothing of any other task.
async function explained(annotation) {
  await firstLook;
  if (!isTraining) return "";
  try {
    const { is_right: isRight, expected, explanation } = await untilReached(() => api.explanation(annotation));
    const lines = expected.map(({ question, lines: said }) => `${question} ${said.join(", ")}`).join("; ");
    return isRight ? `That was right. ${explanation}` : `Expected was: ${lines}. ${explanation}`;
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    return "";
  }
}

async function skip() {
  const reason = byId("skip-reason").value.trim();
  if (!now || !byId("skip-reason").reportValidity()) return;
  byId("skip-dialog").close();
  const { task, drafts } = now;
  await orSay(async () => {
    await untilReached(() => api.skip(task.lease.token, reason));
    drafts.forget();
    say("");
  });
  await takeNext();
  tell({ lease: task.lease.token });
}

async function flag() {
  const { task, drafts } = now;
  const isHeld = await orSay(() => sendFlag(task.lease.token));
  if (!isHeld) return;
  drafts.forget();
  await takeNext();
  tell({ lease: task.lease.token });
}

// The task in hand ended in another window, or by its time. Nothing typed here is dropped unasked: where it differs from
// what was submitted, it can become the correction of that answer.
function endedElsewhere(sentence, { isAnswered = false, answer = null, value = null } = {}) {
  const typed = now.form.read();
  const isSame = !now.isTyped || JSON.stringify(typed) === value;
  now.clock.stop();
  if (isAnswered && isSame) {
    now.drafts.forget();
    say(sentence);
    run(takeNext);
    return;
  }
  const correct = ["Correct that answer with what is here", () => run(() => openCorrection(answer, typed))];
  say(sentence, { isBad: true, actions: answer ? [correct, goOn] : [goOn] });
  byId("submit").disabled = Boolean(answer);
}

listen(({ lease, isAnswered, answer, value }) => {
  if (now?.task.lease.token !== lease || isBusy) return;
  const what = isAnswered ? "submitted" : "gave back";
  endedElsewhere(`You ${what} this task in another window.`, { isAnswered, answer, value });
});

// What was typed for an earlier task and never left this browser: its lease has ended, and it may still count.
function offerLeftovers(key) {
  const [left] = leftovers(key);
  if (!left || !byId("banner").hidden) return;
  say(`You began an answer to an earlier task (${left.title}) and did not send it.`, {
    actions: [["Send it now", () => run(() => sendLeftover(left))], ["Throw it away", left.forget]],
  });
}

async function sendLeftover(left) {
  await orSay(async () => {
    const done = await untilReached(() => api.submit(left.lease, left.value, null));
    left.forget();
    say(done.placed ? "It came in time, and counts." : done.message);
    refreshMe();
  });
}

async function openCorrection(id, typed = null) {
  await orSay(async () => {
    correction = await Correction.open(id, { typed, onClose: () => { correction = null; } });
    if (typed) {
      now.drafts.forget();
      await takeNext();
    }
  });
}

// Do it; a refusal is said with the server's own sentence.
async function orSay(act) {
  try {
    return await act();
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    say(error.message, { isBad: true });
    return null;
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

const COMMANDS = {
  "?": openKeys,
  a: () => showAnswers((id) => run(() => openCorrection(id))),
  r: showInbox,
  p: showProjects,
};

const COMMANDS_ON_THE_TASK = {
  g: () => { byId("guideline").open = !byId("guideline").open; },
  q: () => openAsk(now.task.guideline.clauses),
  f: openFlag,
  s: openSkip,
  "+": () => orSay(() => now.clock.extend()),
};

function openKeys() {
  showKeys(byId("keys"), (correction ?? now)?.form);
  byId("keys-dialog").showModal();
}

// Nothing is given back until a reason is said and confirmed.
function openSkip() {
  byId("skip-reason").value = "";
  byId("skip-dialog").showModal();
}

const CONFIRMED = { "skip-dialog": skip, "flag-dialog": flag, "ask-dialog": () => orSay(() => sendAsk(now.task.lease.token)) };

document.addEventListener("keydown", (event) => {
  const dialog = document.querySelector("dialog[open]");
  if ((event.ctrlKey || event.metaKey) && event.key === "Enter") {
    event.preventDefault();
    if (dialog) run(CONFIRMED[dialog.id] ?? (() => {}));
    else if (correction) correction.save();
    else run(submit);
    return;
  }
  if (event.key === "Escape" && correction && !dialog) correction.close();
  if (!isPlain(event)) return;
  if ((correction ?? now)?.form.press(event.key, event.target)) event.preventDefault();
  else if (Object.hasOwn(COMMANDS, event.key)) act(event, COMMANDS[event.key]);
  else if (now && !correction && Object.hasOwn(COMMANDS_ON_THE_TASK, event.key)) act(event, COMMANDS_ON_THE_TASK[event.key]);
});

// The key itself is not typed into what it opens.
function act(event, command) {
  event.preventDefault();
  command();
}

document.addEventListener("visibilitychange", () => {
  document.title = TITLE;
  if (now && !now.ahead && !document.hidden) lookAhead();
});

byId("form").addEventListener("input", () => {
  now.isTyped = true;
  now.form.refresh();
  now.form.clearFaults();
  now.drafts.keep(now.form.read());
});
// How much of what is written freely came in by pasting; an edit begins with a text that is not one's own.
byId("form").addEventListener("paste", ({ target, clipboardData }) => {
  if (!now || !target.matches("textarea") || target.closest("[data-kind]").dataset.kind === "edit") return;
  now.pasted += [...clipboardData.getData("text/plain")].length;
});
byId("correction-form").addEventListener("input", () => correction.keep());
const onSubmit = (id, send) => byId(id).addEventListener("submit", (event) => {
  event.preventDefault();
  send();
});
onSubmit("form", () => run(submit));
onSubmit("correction-form", () => correction.save());
const onClick = (id, command) => byId(id).addEventListener("click", command);
onClick("skip", openSkip);
onClick("flag", openFlag);
onClick("ask", COMMANDS_ON_THE_TASK.q);
onClick("more", COMMANDS_ON_THE_TASK["+"]);
onClick("skip-confirm", () => run(skip));
onClick("flag-confirm", () => run(flag));
onClick("ask-confirm", () => run(CONFIRMED["ask-dialog"]));
onClick("correction-leave", () => correction.close());
onClick("show-keys", openKeys);
onClick("show-answers", COMMANDS.a);
onClick("show-inbox", showInbox);
onClick("show-projects", showProjects);
onClick("look", () => run(takeNext));
byId("logout").addEventListener("submit", forgetAll);

const firstLook = lookAtMe();
run(takeNext);
