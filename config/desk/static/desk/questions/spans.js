// Places in texts, labelled: select, then choose a label.

import { button, changed, element } from "../dom.js";
import { RawView } from "../raw.js";
import { shortened } from "./critique.js";

const TONES = 6;

export function spans(question, context) {
  const isOfMessages = question.of === "messages";
  const sources = isOfMessages
    ? context.item.messages.map(({ role, content }, index) => ({ key: index, label: `Message ${index + 1}, ${role}`, text: content }))
    : context.responses;
  const naming = isOfMessages ? "message" : "response";
  let found = []; // { source, start, end, label }
  let pending = null;
  const views = sources.map(({ key, label, text }) =>
    new RawView({ source: key, text, language: context.language, label: `${label} as written`, told: select }));
  const labels = question.labels.map(({ value, text }, index) => {
    const made = button(text, () => note(value), { disabled: true, "data-tone": String((index % TONES) + 1), "data-testid": `label-${value}` });
    if (index < 9) made.append(" ", element("kbd", { "aria-hidden": "true" }, String(index + 1)));
    made.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays to be seen
    return made;
  });
  const list = element("ul", { className: "found", "aria-label": "What is labelled" });
  const status = element("p", { className: "hint", "aria-live": "polite" });
  const wordsOf = (value) => question.labels.find((label) => label.value === value)?.text ?? value;
  const toneOf = (value) => (question.labels.findIndex((label) => label.value === value) % TONES) + 1;

  function select(view) {
    if (view.selection) pending = view;
    else if (pending === view) pending = null;
    draw();
  }

  function note(label) {
    if (!pending) return;
    const { source, selection } = pending;
    const span = { source, ...selection, label };
    if (!found.some((each) => isSame(each, span))) found = sorted([...found, span]);
    const view = pending;
    pending = null;
    mark();
    view.release();
    changed(list);
  }

  const isSame = (one, other) => one.source === other.source && one.start === other.start && one.end === other.end && one.label === other.label;
  const order = (span) => sources.findIndex(({ key }) => key === span.source);
  const sorted = (all) => all.sort((a, b) => order(a) - order(b) || a.start - b.start || a.end - b.end);

  function mark() {
    for (const view of views) {
      view.mark(found.filter(({ source }) => source === view.source).map((span) => ({ ...span, tone: toneOf(span.label), title: wordsOf(span.label) })));
    }
    list.replaceChildren(...found.map((span, index) => {
      const view = views.find(({ source }) => source === span.source);
      const quote = shortened(view.quote(span));
      const remove = button("Remove", () => {
        found = found.filter((each) => each !== span);
        mark();
        changed(list);
      }, { className: "quiet", "aria-label": `Remove ${wordsOf(span.label)}: ${quote}` });
      return element("li", { className: "row", "data-place": `${context.name}.${index}` },
        element("span", { className: "tag", "data-tone": String(toneOf(span.label)) }, wordsOf(span.label)),
        element("q", { lang: context.language }, quote), element("span", { className: "hint" }, sources[order(span)].label), remove);
    }));
    draw();
  }

  function draw() {
    for (const each of labels) each.disabled = !pending;
    status.textContent = pending ? `Selected: “${shortened(pending.quote(pending.selection))}”` : "Select text above, then choose a label.";
  }

  draw();
  return {
    body: [
      element("div", { className: isOfMessages ? "per-response" : "responses" }, ...views.map((view, index) =>
        element("div", {}, element("p", { className: "source" }, sources[index].label), view.node))),
      element("div", { className: "toolbar" }, status, element("div", { className: "labels" }, ...labels)), list,
    ],
    // Nothing found is an answer, where one is needed.
    read: () => (found.length || question.required !== false
      ? found.map(({ source, ...span }) => ({ [naming]: source, ...span }))
      : undefined),
    fill(answer) {
      found = sorted(answer.map(({ [naming]: source, start, end, label }) => ({ source, start, end, label })).filter((span) => order(span) >= 0));
      mark();
    },
    press(key) {
      for (const view of views) view.look(); // the browser tells of a selection a little later
      if (!pending || !/^[1-9]$/.test(key) || !labels[Number(key) - 1]) return false;
      labels[Number(key) - 1].click();
      return true;
    },
    keys: [[["1", String(Math.min(labels.length, 9))], "label what is selected in a text"]],
  };
}
