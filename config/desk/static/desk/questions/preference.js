// Which response is best: side by side, by number; a tie and "both bad" where they may be answered; then how strongly.

import { content, element } from "../dom.js";
import { Options } from "./options.js";

export const TIE = "tie";
export const BOTH_BAD = "both_bad";

export function preference(question, context) {
  const { responses } = context;
  const others = [
    ...(question.tie ? [{ value: TIE, text: "A tie", hint: "0", testid: "choose-tie" }] : []),
    ...(question.both_bad
      ? [{ value: BOTH_BAD, text: responses.length > 2 ? "All bad" : "Both bad", hint: "b", testid: "choose-both-bad" }]
      : []),
  ];
  const own = responses.map(({ key, label, place }) => ({ value: key, text: label, hint: String(place), testid: `choose-${place}` }));
  const choice = new Options({ name: context.name, options: [...own, ...others] });
  const strength = question.strength && new Options({
    name: `${context.name}.strength`, options: question.strength.map((degree) => ({ value: degree, text: degree })),
  });
  const isResponse = (value) => responses.some(({ key }) => key === value);
  const strengthRow = strength && element("div", { hidden: true }, element("p", { className: "hint" }, "How much better?"),
    strength.pills("How much better?"));
  return {
    body: [...picture(choice, responses, others, context), ...(strength ? [strengthRow] : [])],
    read() {
      const chosen = choice.read();
      if (chosen === undefined) return undefined;
      const degree = strength && isResponse(chosen) ? strength.read() : undefined;
      return degree ? { choice: chosen, strength: degree } : { choice: chosen };
    },
    fill(answer) {
      choice.fill(answer.choice);
      if (answer.strength) strength?.fill(answer.strength);
    },
    refresh() {
      if (strength) strengthRow.hidden = !isResponse(choice.read());
    },
    press: (key, target) => Boolean(strength?.inputs.includes(target) && /^[1-9]$/.test(key) && strength.pick(Number(key))),
    first(key) {
      const value = { 0: TIE, b: BOTH_BAD }[key] ?? responses[Number(key) - 1]?.key;
      return choice.pick(choice.options.findIndex((option) => option.value === value) + 1);
    },
    keys: [
      [responses.length > 1 ? ["1", String(Math.min(responses.length, 9))] : ["1"], "choose a response"],
      ...(question.tie ? [[["0"], "a tie"]] : []),
      ...(question.both_bad ? [[["b"], "all of them are bad"]] : []),
    ],
  };
}

// The responses themselves to choose among, or, where they are shown elsewhere, their names.
function picture(choice, responses, others, context) {
  if (!context.isShowing) {
    return [choice.pills(context.question.text, { hints: choice.options.map(({ hint }) => hint) })];
  }
  const cards = responses.map(({ label, html, place }, index) => {
    choice.inputs[index].dataset.testid = `choose-${place}`;
    choice.inputs[index].setAttribute("aria-label", label);
    return element("label", { className: "response", "data-testid": `response-${place}` },
      element("header", {}, choice.inputs[index], label, element("kbd", { "aria-hidden": "true" }, String(place))),
      content(context.language, html));
  });
  const rest = others.map(({ text, hint, testid }, index) => {
    const input = choice.inputs[responses.length + index];
    input.dataset.testid = testid;
    return element("label", { className: "choice" }, input, element("span", {}, text), element("kbd", { "aria-hidden": "true" }, hint));
  });
  return [
    element("div", { className: "responses" }, ...cards),
    ...(rest.length ? [element("div", { className: "choices" }, ...rest)] : []),
  ];
}
