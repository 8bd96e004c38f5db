// A few options to pick from, one or several: pills in a row, or the cells of a table's row.

import { element } from "../dom.js";

export class Options {
  // `options` are { value, text }; `type` is "radio" for one, "checkbox" for several.
  constructor({ name, type = "radio", options, label }) {
    Object.assign(this, { options, isSeveral: type === "checkbox" });
    this.inputs = options.map(({ value, text }) =>
      element("input", { type, name, value: String(value), "aria-label": label && `${label}: ${text}` }));
  }

  read() {
    const chosen = this.options.filter((_, index) => this.inputs[index].checked).map(({ value }) => value);
    return this.isSeveral ? chosen.sort(byCodePoints) : chosen[0];
  }

  fill(answer) {
    const chosen = this.isSeveral ? answer : [answer];
    this.options.forEach(({ value }, index) => { this.inputs[index].checked = chosen.includes(value); });
  }

  // Pick the option with this number, from 1; of several, turn it on or off.
  pick(number) {
    const input = this.inputs[number - 1];
    if (!input) return false;
    input.focus({ preventScroll: true });
    input.click();
    return true;
  }

  // `hints` are the options' keys, `testids` their names for tests.
  pills(label, { hints = [], testids = [], className = "choices" } = {}) {
    const role = this.isSeveral ? "group" : "radiogroup";
    return element("div", { className, role, "aria-label": label }, ...this.options.map(({ text }, index) => {
      if (testids[index]) this.inputs[index].dataset.testid = testids[index];
      const hint = hints[index] ? [element("kbd", { "aria-hidden": "true" }, hints[index])] : [];
      return element("label", { className: "choice" }, this.inputs[index], element("span", {}, text), ...hint);
    }));
  }
}

// As the server sorts: by code points, where JavaScript goes by halves of them.
function byCodePoints(one, other) {
  const [left, right] = [[...one], [...other]];
  const place = left.findIndex((point, index) => point !== right[index]);
  if (place < 0) return left.length - right.length;
  return left[place].codePointAt(0) - (right[place]?.codePointAt(0) ?? -1);
}
