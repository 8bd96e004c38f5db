// What was said of the item before, shown beside the task: an attempt, its review, the sides of a dispute.

import { element } from "./dom.js";

export function showBeside(place, beside) {
  place.hidden = !beside.length;
  place.replaceChildren(...beside.map(({ title, said }) =>
    element("article", { className: "said" },
      element("h2", {}, title),
      element("dl", {}, ...said.map(({ question, lines }) =>
        element("div", {}, element("dt", {}, question), ...lines.map((line) => element("dd", {}, line))))))));
}
