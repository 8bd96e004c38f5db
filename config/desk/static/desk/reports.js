// Reporting an item, and asking about a clause: two small dialogs over the task at hand.

import * as api from "./api.js";
import { say, untilReached } from "./banner.js";
import { element } from "./dom.js";
import { forgetRulings } from "./rulings.js";

const byId = (id) => document.getElementById(id);

export function openFlag() {
  byId("flag-form").reset();
  byId("flag-note").required = false;
  byId("flag-dialog").showModal();
}

// Send the report; returns whether the task is ours no more.
export async function sendFlag(token) {
  const form = byId("flag-form");
  const kind = form.elements.kind.value;
  byId("flag-note").required = kind === "other";
  if (!form.reportValidity()) return false;
  byId("flag-dialog").close();
  const { held } = await untilReached(() => api.flag(token, kind, byId("flag-note").value));
  say(held ? "Thank you. The item waits until somebody has looked at it." : "Thank you, somebody will look at it. You can still answer this task, or skip it.");
  return held;
}

export function openAsk(clauses) {
  byId("ask-form").reset();
  byId("ask-clause").replaceChildren(...clauses.map(({ id, title }) => element("option", { value: id }, title || id)));
  byId("ask-dialog").showModal();
  byId("ask-question").focus();
}

export async function sendAsk(token) {
  if (!byId("ask-form").reportValidity()) return;
  byId("ask-dialog").close();
  await untilReached(() => api.ask(token, byId("ask-clause").value, byId("ask-question").value));
  forgetRulings();
  say("Your question is on its way. The answer comes to what waits to be read, and beside the clause.");
}
