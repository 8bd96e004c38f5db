// What waits to be read: guidelines, answers to questions, messages, what became of my answers. And the projects open to me.

import * as api from "./api.js";
import { untilReached } from "./banner.js";
import { button, element } from "./dom.js";
import { shownFeedback } from "./feedback.js";
import { forgetRulings, shownRuling } from "./rulings.js";

const byId = (id) => document.getElementById(id);

// Show today's count and how much waits to be read; nothing changes where the server cannot be reached.
export async function refreshMe() {
  try {
    const me = await api.me();
    const { guidelines_to_read: guidelines, rulings_to_read: rulings, feedback_to_read: feedback, messages, pauses } = me;
    const waiting = guidelines.length + rulings + feedback + messages.length + pauses.length;
    byId("today").textContent = me.today.submitted;
    byId("waiting").textContent = waiting;
    byId("waiting").hidden = !waiting;
    return me;
  } catch (error) {
    if (!(error instanceof api.Unreachable)) throw error;
    return null;
  }
}

export async function showInbox() {
  if (!byId("inbox-dialog").open) byId("inbox-dialog").showModal();
  forgetRulings();
  const [me, rulings, feedback] = await untilReached(() => Promise.all([api.me(), api.page("rulings"), api.page("feedback")]));
  const unread = rulings.results.filter(({ answered_at: at, is_read: isRead }) => at && !isRead);
  const rows = [
    ...me.pauses.map(({ project, why, way_back: wayBack, is_retired: isRetired }) => element("li", { "data-testid": "pause" },
      element("div", {},
        element("p", {}, element("b", {}, `${project}: your work there ${isRetired ? "has ended" : "is paused"}.`)),
        element("p", {}, why), element("p", { className: "hint" }, wayBack)))),
    ...me.messages.map(({ id, text }) => toRead(element("p", {}, text), () => api.readMessage(id))),
    ...unread.map((ruling) => toRead(shownRuling(ruling), () => api.readRuling(ruling.id))),
    ...feedback.results.map(told),
    ...me.guidelines_to_read.map(({ project, number }) => element("li", {},
      element("p", {}, `${project.name}: version ${number} of the guideline comes before your next task there.`))),
  ];
  byId("inbox").replaceChildren(...(rows.length ? rows : [element("li", { className: "muted" }, "You have read everything.")]));
  byId("inbox").querySelector("button")?.focus();
}

// What was read stays in the list: an appeal may be made later, and its answer comes here.
function told(feedback) {
  const shown = shownFeedback(feedback, () => { showInbox(); refreshMe(); });
  if (feedback.is_read) return element("li", {}, shown);
  return toRead(shown, () => api.readFeedback(feedback.id));
}

function toRead(content, markRead) {
  const row = element("li", {}, content, button("I have read it", async () => {
    await untilReached(markRead);
    row.remove();
    refreshMe();
  }, { "data-testid": "read" }));
  return row;
}

export async function showProjects() {
  byId("projects-dialog").showModal();
  byId("projects").replaceChildren();
  await showPage("projects");
}

async function showPage(path) {
  const { results, next } = await untilReached(() => api.page(path));
  byId("projects").append(...results.map(project));
  if (!byId("projects").children.length) byId("projects").append(element("li", { className: "muted" }, "No project is open to you."));
  if (next) await showPage(next);
}

function project({ name, description, domains, languages, pay, expected_minutes: minutes, guideline, has_open_work: hasWork }) {
  const money = (amount) => new Intl.NumberFormat(undefined, { style: "currency", currency: pay.currency }).format(amount);
  const rate = `${money(pay.amount)} a judgment${pay.an_hour ? `, ${money(pay.an_hour)} an hour at ${minutes} min each` : ""}`;
  const about = [...domains, ...languages].join(" · ");
  return element("li", { "data-testid": "open-project" },
    element("div", {},
      element("p", {}, element("b", {}, name), element("span", { className: `mark${hasWork ? " is-on" : ""}` }, hasWork ? "Work waits" : "Nothing waits")),
      ...(description ? [element("p", {}, description)] : []),
      element("p", { className: "hint" }, [rate, about].filter(Boolean).join(" · ")),
      ...(guideline.is_read ? [] : [element("p", { className: "hint" }, "Its guideline comes before the next task there.")])));
}
