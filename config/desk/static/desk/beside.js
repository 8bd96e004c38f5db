// What was said of the item, shown beside the task or an answer: an attempt, its review, the sides of a dispute, models' answers.

import { element } from "./dom.js";

export function showBeside(place, beside) {
  place.hidden = !beside.length;
  place.replaceChildren(...beside.map(({ title, said, is_by_model: isByModel }) =>
    element("article", { className: isByModel ? "said by-model" : "said" },
      element("h2", {}, title),
      ...(isByModel ? [element("p", { className: "hint" }, "No person said this. It may be wrong: judge for yourself.")] : []),
      element("dl", {}, ...said.map(({ question, lines }) =>
        element("div", {}, element("dt", {}, question), ...lines.map((line) => element("dd", {}, line))))))));
}
