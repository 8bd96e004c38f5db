// What became of my answers: told among what waits to be read, with a way to say that it was otherwise.

import * as api from "./api.js";
import { say, untilReached } from "./banner.js";
import { button, element } from "./dom.js";

const byId = (id) => document.getElementById(id);
const day = (at) => new Date(at).toLocaleDateString(undefined, { day: "numeric", month: "long" });
const OUTCOMES = {
  open: "Somebody who had no part in it decides",
  upheld: "Your appeal was upheld: it is not held against you",
  refused: "Your appeal was refused",
  guideline: "The guideline is at fault: it is not held against you",
};

let appealed = null; // what is appealed against, and what to do once that is sent

export function shownFeedback(feedback, onAppealed) {
  const { title, project, clause, words, appeal, can_be_appealed: canBe, appeal_until: until } = feedback;
  const shown = element("div", { className: "feedback", "data-testid": "feedback" },
    element("p", {}, element("b", {}, title), ` · ${project.name}`),
    ...(clause ? [element("p", { className: "hint" }, `By the clause: ${clause.title}`)] : []),
    ...words.split("\n").map((line) => element("p", {}, line)),
    ...(appeal ? [shownAppeal(appeal)] : []));
  if (canBe) {
    shown.append(element("p", { className: "hint" }, `You can appeal until ${day(until)}. `),
      button("Appeal", () => openAppeal(feedback, onAppealed), { "data-testid": "appeal" }));
  }
  return shown;
}

function shownAppeal({ state, words, answer, due_at: dueAt }) {
  const by = state === "open" ? ` by ${day(dueAt)}.` : ".";
  return element("div", { className: "ruling", "data-testid": "appealed" },
    element("p", { className: "question" }, element("b", {}, "You said: "), words),
    element("p", {}, OUTCOMES[state] + by),
    ...(answer ? [element("p", {}, answer)] : []));
}

function openAppeal(feedback, onAppealed) {
  appealed = { id: feedback.id, onAppealed };
  byId("appeal-form").reset();
  byId("appeal-dialog").showModal();
  byId("appeal-words").focus();
}

byId("appeal-confirm").addEventListener("click", async () => {
  if (!byId("appeal-form").reportValidity()) return;
  const { id, onAppealed } = appealed;
  byId("appeal-dialog").close();
  try {
    await untilReached(() => api.appeal(id, byId("appeal-words").value));
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    say(error.message, { isBad: true });
    return;
  }
  onAppealed();
});
