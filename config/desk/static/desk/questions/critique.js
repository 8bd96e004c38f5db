// Notes on responses, or on one message: written, and where the form asks for places, tied to what is selected.

import { button, changed, element } from "../dom.js";
import { RawView } from "../raw.js";

const LONGEST_QUOTE = 80;

export const shortened = (text) => (text.length > LONGEST_QUOTE ? `${text.slice(0, LONGEST_QUOTE)}…` : text);

export function critique(question, context) {
  const { message } = context;
  const sources = message ? [{ key: undefined, label: "this message", text: message.content }] : context.responses;
  const notes = []; // { key, span, area, node }, in the order they were made
  let pending = null; // the view in which something is selected
  const views = question.spans ? sources.map(({ key, label, text }) => new RawView({
    source: key, text, language: context.language, label: `${message ? "This message" : label} as written`, told: select,
  })) : [];
  const viewOf = (key) => views.find(({ source }) => source === key);
  const list = element("ul", { className: "notes" });
  const noteOnSelected = button("Note on what I selected", () => {
    if (!pending) return;
    const { source, selection } = pending;
    add(source, { ...selection }).area.focus();
    pending.release();
    pending = null;
    drawPending();
    changed(list);
  }, { disabled: true, "data-testid": `note-${context.name}` });
  noteOnSelected.addEventListener("mousedown", (event) => event.preventDefault()); // the selection stays to be seen

  function select(view) {
    if (view.selection) pending = view;
    else if (pending === view) pending = null;
    drawPending();
  }

  function drawPending() {
    noteOnSelected.disabled = !pending;
  }

  function add(key, span) {
    const source = sources.find((each) => each.key === key);
    const about = message ? "Note" : `Note on ${source.label}`;
    const area = element("textarea", { className: "short", "aria-label": about, maxlength: "5000" });
    const note = { key, span, area };
    const remove = button("Remove", () => {
      notes.splice(notes.indexOf(note), 1);
      note.node.remove();
      draw();
      changed(list);
    }, { className: "quiet", "aria-label": `Remove: ${about}` });
    const quote = span ? [element("q", { lang: context.language }, shortened(viewOf(key).quote(span)))] : [];
    note.node = element("li", {}, element("div", { className: "row" }, element("b", {}, message ? "Note" : source.label), ...quote, remove), area);
    notes.push(note);
    list.append(note.node);
    draw();
    return note;
  }

  function draw() {
    for (const view of views) {
      view.mark(notes.filter(({ key, span }) => span && key === view.source).map(({ span }) => ({ ...span, tone: 1, title: "Noted" })));
    }
    const kept = notes.filter(isKept);
    for (const note of notes) note.node.dataset.place = `${context.name}.${kept.includes(note) ? kept.indexOf(note) : "new"}`;
  }

  const isKept = ({ area, span }) => Boolean(area.value.trim() || span);
  const adders = sources.map(({ key, label }) => button(message ? "Add a note" : `Note on ${label}`, () => {
    add(key, null).area.focus();
    changed(list);
  }, { "data-testid": `note-${context.name}-${key ?? "message"}` }));
  const raws = element("div", { className: "responses" }, ...views.map((view, index) =>
    element("div", {}, element("p", { className: "hint" }, message ? "As written" : `${sources[index].label} as written`), view.node)));
  const least = question.each_response_required && !message ? [element("p", { className: "hint" }, "At least one note on each response.")] : [];
  return {
    body: [...least, ...(views.length ? [raws] : []), list,
      element("div", { className: "choices" }, ...(views.length ? [noteOnSelected] : []), ...adders)],
    read() {
      const given = notes.filter(isKept).map(({ key, area, span }) =>
        ({ ...(message ? {} : { response: key }), text: area.value.trim(), ...span }));
      return given.length ? given : undefined;
    },
    fill(answer) {
      for (const { response, text, start, end } of answer) {
        if (!sources.some(({ key }) => key === response)) continue;
        add(response, start === undefined || !views.length ? null : { start, end }).area.value = text;
      }
      draw();
    },
    nothing: question.required === false ? [] : undefined,
    refresh: draw,
    press(key) {
      for (const view of views) view.look(); // the browser tells of a selection a little later
      if (key !== "n" || !pending) return false;
      noteOnSelected.click();
      return true;
    },
    keys: views.length ? [[["n"], "note on what is selected in a text"]] : [],
  };
}
