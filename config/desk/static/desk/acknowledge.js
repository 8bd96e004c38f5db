// The guideline that has to be read before the next task: what changed first, then the whole of it, and one button.

import { element } from "./dom.js";

let screen = null;

// Show it in `place`. `onRead` is called once it is acknowledged with the button or with Ctrl+Enter.
export function showGuideline(place, guideline, onRead) {
  hideGuideline();
  const { project, number, summary, clauses, examples, changes } = guideline;
  const button = element("button", { type: "button", className: "primary", "data-testid": "acknowledge" },
    "I have read it ", element("kbd", {}, "Ctrl ↵"));
  button.addEventListener("click", onRead);
  const title = element("h1", { tabindex: "-1" }, changes ? "The guideline has changed" : "Read the guideline first");
  screen = element("section", { className: "reading", "data-testid": "reading" },
    title,
    element("p", { className: "muted" }, `${project.name}, version ${number}${summary ? `: ${summary}` : ""}`),
    ...(changes ? changed(changes, clauses) : []),
    element("h2", {}, changes ? "The whole guideline" : "The guideline"),
    element("dl", { className: "clauses" }, ...clauses.map((clause) => shown(clause))),
    ...(examples.length ? [element("h2", {}, "Worked examples"), ...examples.map((each) => example(each, clauses))] : []),
    element("footer", { className: "actions" }, button));
  screen.onRead = onRead;
  place.append(screen);
  scrollTo(0, 0);
  title.focus({ preventScroll: true });
}

export function hideGuideline() {
  screen?.remove();
  screen = null;
}

const nameOf = (clause) => clause.title || clause.id;

function shown(clause, mark) {
  return element("div", mark ? { className: `is-${mark.toLowerCase()}` } : {},
    element("dt", {}, nameOf(clause), ...(mark ? [" ", element("span", { className: "mark" }, mark)] : [])),
    element("dd", {}, clause.text ?? ""));
}

function changed({ added, removed, reworded, moved, examples_added: newExamples }, clauses) {
  const rows = [
    ...added.map((clause) => shown(clause, "New")),
    ...reworded.map((clause) => element("div", { className: "is-reworded" },
      element("dt", {}, ...words(clause.title_diff, clause.id), " ", element("span", { className: "mark" }, "Reworded")),
      element("dd", {}, ...words(clause.diff)))),
    ...removed.map((clause) => shown(clause, "Removed")),
    ...moved.map((id) => element("div", {},
      element("dt", {}, nameOf(clauses.find((clause) => clause.id === id)), " ",
        element("span", { className: "mark" }, "Moved")))),
  ];
  const parts = [element("h2", {}, "What changed"), element("dl", { className: "changes", "data-testid": "changes" }, ...rows)];
  if (newExamples.length) parts.push(...newExamples.map((each) => example(each, clauses)));
  if (!rows.length && !newExamples.length) return [];
  return parts;
}

const TAGS = { "-": "del", "+": "ins", "=": "span" };

// A word diff, [[op, text], ...], with what was struck and what was put in.
function words(diff, otherwise = "") {
  return diff.length ? diff.map(([op, text]) => element(TAGS[op], {}, text)) : [otherwise];
}

function example({ text, clause, messages = [] }, clauses) {
  const cited = clauses.find(({ id }) => id === clause);
  return element("div", { className: "example" },
    ...messages.map((message) => element("p", {}, element("b", {}, `${message.role}: `), message.content)),
    element("p", {}, text),
    element("p", { className: "muted" }, `By: ${cited ? nameOf(cited) : clause}`));
}

// Before the page's own keys: while the guideline is shown there is no task to submit.
document.addEventListener("keydown", (event) => {
  if (!(event.ctrlKey || event.metaKey) || event.key !== "Enter") return;
  if (!screen?.checkVisibility() || document.querySelector("dialog[open]")) return;
  event.preventDefault();
  event.stopPropagation();
  screen.onRead();
}, { capture: true });
