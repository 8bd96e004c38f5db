// A response made better: its text to change, and below it what has been changed so far.

import { button, changed, element } from "../dom.js";
import { diff } from "../diff.js";
import { Options } from "./options.js";

const REST_MS = 150; // after the last key, before the change is drawn again

// A text field knows one kind of line end; the text gets its own back.
const asTyped = (text) => text.replace(/\r\n?/g, "\n");
const asWritten = (text, original) => (original.includes("\r\n") ? text.replaceAll("\n", "\r\n") : text);

export function edit(question, context) {
  const { responses } = context;
  const original = new Map(responses.map(({ key, text }) => [key, text]));
  const typed = new Map(); // by response: the text as it has been changed
  const choice = new Options({ name: `${context.name}.response`, options: responses.map(({ key, label }) => ({ value: key, text: label })) });
  const area = element("textarea", {
    className: "tall", name: `${context.name}.text`, "aria-label": "The text to change", lang: context.language, maxlength: "50000",
    "data-testid": `text-${context.name}`,
  });
  const shown = element("div", { className: "diff", lang: context.language, role: "region", "aria-label": "What you changed", "data-testid": `diff-${context.name}` });
  const reset = button("Undo all changes", () => {
    typed.delete(choice.read());
    show();
    area.focus();
    changed(area);
  }, { className: "quiet" });
  const sheet = element("div", { className: "sheet", hidden: true }, area,
    element("div", { className: "row" }, element("b", {}, "What you changed"), reset), shown);
  let isPicked = false; // by the person, not taken over from the preference
  let restored; // what a draft had chosen
  let timer;

  function draw() {
    const before = asTyped(original.get(choice.read()) ?? "");
    const isSame = area.value === before;
    reset.disabled = isSame;
    shown.replaceChildren(...(isSame
      ? [element("span", { className: "hint" }, "Nothing yet.")]
      : diff(before, area.value).map(([op, text]) => (op === "=" ? text : element(op === "-" ? "del" : "ins", {}, text)))));
  }

  function show() {
    const key = choice.read();
    sheet.hidden = key === undefined;
    area.value = typed.get(key) ?? original.get(key) ?? "";
    draw();
  }

  for (const input of choice.inputs) {
    input.addEventListener("input", () => {
      isPicked = true;
      show();
    });
  }
  area.addEventListener("input", () => {
    const key = choice.read();
    if (area.value === asTyped(original.get(key))) typed.delete(key);
    else typed.set(key, area.value);
    isPicked = true;
    clearTimeout(timer);
    timer = setTimeout(draw, REST_MS);
  });
  if (responses.length === 1) choice.fill(responses[0].key);
  show();

  return {
    body: [...(responses.length > 1 ? [choice.pills("The response to change")] : []), sheet],
    read() {
      const response = choice.read();
      if (response === undefined) return undefined;
      const before = original.get(response);
      const text = typed.has(response) ? asWritten(typed.get(response), before) : before;
      // What need not be changed, and is not, is no answer.
      return question.required === false && text === before ? undefined : { response, text };
    },
    fill({ response, text }) {
      choice.fill(response);
      if (original.has(response) && text !== original.get(response)) typed.set(response, asTyped(text));
      restored = response;
      show();
    },
    refresh(answers) {
      const preferred = context.questions.filter(({ type }) => type === "preference").map(({ id }) => answers[id]?.choice)
        .find((key) => original.has(key));
      isPicked ||= typed.size > 0 || (restored !== undefined && restored !== preferred);
      restored = undefined;
      if (isPicked || preferred === undefined || preferred === choice.read()) return;
      choice.fill(preferred);
      show();
    },
    press: (key, target) => choice.inputs.includes(target) && /^[1-9]$/.test(key) && choice.pick(Number(key)),
    keys: [],
  };
}
