// A text as it was written, in which a person selects with mouse, finger or keys. Places are counted in code points.
//
// It is editable so that it has a caret, and refuses every edit.

import { element } from "./dom.js";

const views = new WeakMap();

export class RawView {
  // `source` says whose text it is; `told(view)` is called when another selection is made in it, or none is left.
  constructor({ source, text, label, language, told }) {
    Object.assign(this, { source, text, label, told, spans: [], shown: null, selection: null });
    this.node = element("div", {
      className: "raw", role: "textbox", tabindex: "0", contenteditable: "true", inputmode: "none", spellcheck: "false",
      translate: "no", lang: language, "aria-readonly": "true", "aria-multiline": "true", "aria-label": label,
    });
    this.node.addEventListener("beforeinput", (event) => event.preventDefault());
    this.node.addEventListener("input", (event) => {
      event.stopPropagation(); // an input method has its way past `beforeinput`: put the text back
      this.shown = null;
      this.mark(this.spans);
    });
    views.set(this.node, this);
    this.mark([]);
  }

  // Show what is noted: spans of { start, end, tone, title }.
  mark(spans) {
    const sign = JSON.stringify(spans);
    if (sign === this.shown) return; // drawing again would take a selection away
    this.shown = sign;
    this.spans = spans;
    const cuts = new Set([0, this.text.length]);
    const shown = spans.map((span) => ({ ...span, from: unitsAt(this.text, span.start), to: unitsAt(this.text, span.end) }));
    for (const { from, to } of shown) cuts.add(from).add(to);
    const places = [...cuts].sort((a, b) => a - b);
    const pieces = places.slice(1).map((to, index) => {
      const from = places[index];
      const over = shown.filter((span) => span.from <= from && to <= span.to);
      const text = this.text.slice(from, to);
      if (!over.length) return text;
      const title = over.map((span) => span.title).join(", ");
      return element("mark", { "data-tone": over.at(-1).tone, title }, text);
    });
    this.node.replaceChildren(...pieces);
  }

  quote({ start, end }) {
    return this.text.slice(unitsAt(this.text, start), unitsAt(this.text, end));
  }

  // Read what is selected now; blanks at its ends are left out.
  look() {
    const chosen = getSelection();
    const range = chosen.rangeCount ? chosen.getRangeAt(0) : null;
    if (!range || !this.node.contains(range.commonAncestorContainer)) return;
    const before = document.createRange();
    before.setStart(this.node, 0);
    before.setEnd(range.startContainer, range.startOffset);
    let from = before.toString().length;
    let to = from + range.toString().length;
    while (from < to && /\s/u.test(this.text[from])) from += 1;
    while (from < to && /\s/u.test(this.text[to - 1])) to -= 1;
    this.selection = from < to ? { start: pointsAt(this.text, from), end: pointsAt(this.text, to) } : null;
    this.told(this);
  }

  // Forget the selection, leaving the caret where it ended.
  release() {
    const isHere = this.node.contains(document.activeElement);
    const end = this.selection?.end ?? 0;
    this.selection = null;
    if (!isHere) return;
    let rest = unitsAt(this.text, end);
    const texts = document.createTreeWalker(this.node, NodeFilter.SHOW_TEXT);
    while (texts.nextNode()) {
      if (rest <= texts.currentNode.length) {
        getSelection().collapse(texts.currentNode, rest);
        return;
      }
      rest -= texts.currentNode.length;
    }
  }
}

document.addEventListener("selectionchange", () => {
  const { anchorNode } = getSelection();
  const near = anchorNode instanceof Element ? anchorNode : anchorNode?.parentElement;
  const view = views.get(near?.closest(".raw"));
  view?.look();
});

export const pointsAt = (text, units) => [...text.slice(0, units)].length;

export function unitsAt(text, points) {
  let units = 0;
  for (let left = points; left > 0 && units < text.length; left -= 1) units += text.codePointAt(units) > 0xffff ? 2 : 1;
  return units;
}
