// Written answers: the rationale, kept beside the answers, and writing, which is the answer.

import { element, lengthOf } from "../dom.js";

export const rationale = (question, context) => text(question, context, { className: "plain", most: 20_000, testid: "rationale" });

export const writing = (question, context) => text(question, context, {
  className: "tall", most: 50_000, testid: `text-${context.name}`, language: context.language,
  placeholder: question.what === "prompt" ? "Write the prompt here" : "Write the response here",
});

function text(question, context, { className, most, testid, language, placeholder }) {
  const least = question.min_length ?? 0;
  const id = `length-${context.name}`;
  const area = element("textarea", {
    className, name: context.name, maxlength: String(most), lang: language, placeholder, "data-testid": testid,
    "aria-labelledby": `legend-${context.name}`, "aria-describedby": id,
  });
  const counter = element("p", { className: "hint counter", id });

  function count() {
    const length = lengthOf(area.value);
    const isShort = length < least;
    counter.textContent = `${length.toLocaleString("en")} character${length === 1 ? "" : "s"}${isShort ? ` of at least ${least.toLocaleString("en")}` : ""}`;
    counter.hidden = question.type === "rationale" && !least;
  }

  count();
  return {
    body: [area, counter],
    read: () => area.value.trim() || undefined,
    fill(answer) {
      area.value = answer;
      count();
    },
    refresh: count,
    keys: [],
  };
}
