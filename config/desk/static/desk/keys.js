// Keys: which of them are commands, and the list behind "?": what the form at hand does with keys, then what the page does.

import { element } from "./dom.js";

const OF_THE_PAGE = [
  [["Ctrl", "↵"], "submit"],
  [["g"], "open or close the guideline"],
  [["q"], "ask about a clause"],
  [["f"], "report the item"],
  [["s"], "give the task back, with a reason"],
  [["+"], "more time, once it is short"],
  [["a"], "your last answers"],
  [["r"], "what waits to be read"],
  [["p"], "the projects open to you"],
  [["?"], "this list"],
];

// Whether a key means something to the page: not while a person types, nor over a dialog.
export function isPlain({ key, ctrlKey, metaKey, altKey, target }) {
  const isTyping = target.closest("textarea, select, input:not([type=radio], [type=checkbox])") !== null;
  return key.length === 1 && key !== " " && !ctrlKey && !metaKey && !altKey && !isTyping && !document.querySelector("dialog[open]");
}

export function showKeys(place, form) {
  const rows = [...(form?.keys ?? []).map(([keys, words]) => row(keys, " … ", words)), ...OF_THE_PAGE.map(([keys, words]) => row(keys, " ", words))];
  place.replaceChildren(...rows);
}

function row(keys, between, words) {
  const shown = keys.flatMap((key, index) => (index ? [between, element("kbd", {}, key)] : [element("kbd", {}, key)]));
  return element("div", {}, element("dt", {}, ...shown), element("dd", {}, words));
}
