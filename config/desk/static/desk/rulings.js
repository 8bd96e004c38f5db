// What was ruled: shown beside the clause it is about, and in the list of what waits to be read.

import * as api from "./api.js";
import { element } from "./dom.js";

const FRESH_MS = 60_000;
const known = new Map(); // by project: { at, rulings }

// The rulings on a project, asked for at most once a minute; none where the server cannot be reached just now.
export async function rulingsOf(project) {
  const kept = known.get(project);
  if (kept && performance.now() - kept.at < FRESH_MS) return kept.rulings;
  try {
    const { results } = await api.page(`rulings?project=${project}`);
    known.set(project, { at: performance.now(), rulings: results });
    return results;
  } catch (error) {
    if (!(error instanceof api.Unreachable)) throw error;
    return kept?.rulings ?? [];
  }
}

export const forgetRulings = () => known.clear();

export function shownRuling({ question, answer, is_mine: isMine }) {
  return element("div", { className: "ruling", "data-testid": "ruling" },
    ...(question ? [element("p", { className: "question" }, isMine ? element("b", {}, "You asked: ") : "", question)] : []),
    element("p", {}, answer || element("span", { className: "muted" }, "Not answered yet.")));
}

// Put the rulings beneath the clauses they are about: `places` are the clauses' nodes by id.
export async function showRulings(project, places) {
  for (const ruling of await rulingsOf(project)) places.get(ruling.clause)?.append(shownRuling(ruling));
}
