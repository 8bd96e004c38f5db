// Training and tests that are open to me: what they ask, how they went, and the way into one.

import * as api from "./api.js";
import { say, untilReached } from "./banner.js";
import { button, element } from "./dom.js";

const byId = (id) => document.getElementById(id);
const words = byId("said").dataset;

const day = (moment) => new Intl.DateTimeFormat(undefined, { dateStyle: "medium" }).format(new Date(moment));

function line(exam) {
  const { sitting } = exam;
  const isUnderWay = sitting?.state === "open";
  const asks = `${exam.size} ${words.items}, ${Math.round(exam.pass_share * 100)} % ${words.pass}`;
  const row = element("li", { "data-testid": "exam" },
    element("h2", {}, exam.name),
    element("p", { className: "muted" }, `${exam.project.name} · ${exam.kind === "training" ? words.training : words.test}${exam.skill ? `: ${exam.skill}` : ""}`),
    element("p", {}, `${asks}. ${exam.note}`));
  if (sitting) row.append(element("p", { "data-testid": "result" }, result(sitting, exam)));
  if (exam.refusal) row.append(element("p", { className: "muted", "data-testid": "refusal" }, exam.refusal));
  else row.append(way(exam, isUnderWay));
  return row;
}

function result({ state, right, asked, left }, { expires_at: until }) {
  if (state === "open") return `${words.underWay} ${asked - left} / ${asked}.`;
  const holds = state === "passed" && until ? ` ${words.until} ${day(until)}.` : "";
  return `${state === "passed" ? words.passed : words.failed} ${right} / ${asked}.${holds}`;
}

function way(exam, isUnderWay) {
  const label = isUnderWay ? words.goOn : `${words.begin} (${exam.attempts_left} ${words.left})`;
  return button(label, () => trying(async () => {
    await untilReached(() => api.beginSitting(exam.id));
    location.assign("/desk/");
  }), { className: "primary", "data-testid": "begin" });
}

async function showExams() {
  const exams = await untilReached(api.exams);
  byId("exams").replaceChildren(...(exams.length ? exams.map(line) : [words.nothing]));
}

// Do what the person asked; what the server refuses is said, and the list shown anew.
async function trying(act) {
  say("");
  try {
    await act();
  } catch (error) {
    if (!(error instanceof api.Refused)) throw error;
    say(error.message, { isBad: true });
    await showExams();
  }
}

trying(showExams);
