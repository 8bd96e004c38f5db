// The form editor: the document as text, what is wrong with it and where, and the desk it makes beside it.

import { lineOf, locate, NotJson, parse } from "./json.js";
import { FIRST_FORM, STARTERS, starter } from "./starters.js";

const REST_MS = 300; // after the last key, before it is checked and shown
const INDENT = "  ";

const byId = (id) => document.getElementById(id);
const frame = byId("form-preview");
const area = byId("id_document"); // absent where a published form is only looked at
let isReady = false;
let timer;
let latest; // the document that is shown
let asking = 0;

const written = (form) => JSON.stringify(form, null, 2);

function send() {
  if (isReady && latest !== undefined) frame.contentWindow.postMessage({ document: latest }, location.origin);
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin || source !== frame.contentWindow || !data?.isReady) return;
  isReady = true;
  send();
});

function say(text, place) {
  const fault = byId("form-fault");
  fault.dataset.state = text ? "faulty" : "sound";
  fault.textContent = text || "This form is sound.";
  if (place === undefined) return;
  const { line, column } = lineOf(area.value, place);
  const go = Object.assign(document.createElement("button"), { type: "button", textContent: `line ${line}, column ${column}` });
  go.addEventListener("click", () => {
    area.focus();
    area.setSelectionRange(place, area.value.indexOf("\n", place) < 0 ? area.value.length : area.value.indexOf("\n", place));
  });
  fault.append(" ", go);
}

async function check() {
  let form;
  try {
    form = parse(area.value);
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    say(`${error.message}:`, error.place);
    return;
  }
  latest = form;
  send();
  asking += 1;
  const asked = asking;
  const answer = await ask(area.value);
  if (asked !== asking) return; // something newer has been typed
  if (answer.ok) say("");
  else say(answer.message, locate(area.value, (answer.field ?? "").split(/[.[\]]+/).filter(Boolean)));
}

async function ask(body) {
  const token = document.querySelector("[name=csrfmiddlewaretoken]").value;
  try {
    const response = await fetch(frame.dataset.check, {
      method: "POST", headers: { "Content-Type": "application/json", "X-CSRFToken": token }, body,
    });
    if (response.ok && !response.redirected) return await response.json();
  } catch (error) {
    if (!(error instanceof TypeError)) throw error;
  }
  return { ok: false, message: "The server did not check this form. Go on; it is checked again when it is saved." };
}

function replace(text) {
  area.focus();
  area.select();
  // As if it were typed, so that it can be undone.
  if (!document.execCommand("insertText", false, text)) area.value = text;
  area.dispatchEvent(new Event("input"));
}

// Enter keeps the indentation; Tab indents, unless Escape was pressed before it, which lets the keyboard leave.
function comfort(event) {
  if (event.key === "Escape") area.dataset.leaves = "yes";
  else if (event.key === "Tab" && !event.shiftKey && !area.dataset.leaves) {
    event.preventDefault();
    document.execCommand("insertText", false, INDENT);
  } else if (event.key === "Enter" && !event.ctrlKey && !event.metaKey) {
    event.preventDefault();
    const before = area.value.slice(0, area.selectionStart);
    const [indent] = /[ \t]*/.exec(before.slice(before.lastIndexOf("\n") + 1));
    document.execCommand("insertText", false, `\n${indent}${/[[{]\s*$/.test(before) ? INDENT : ""}`);
  } else if (event.key !== "Shift") delete area.dataset.leaves;
}

function edit(change) {
  try {
    replace(written(change(parse(area.value))));
  } catch (error) {
    if (!(error instanceof NotJson)) throw error;
    say(`${error.message}:`, error.place);
  }
}

if (area) {
  area.classList.add("form-document");
  area.spellcheck = false;
  area.setAttribute("aria-describedby", "form-fault form-keys");
  if (["", "null", "{}"].includes(area.value.trim())) area.value = written(FIRST_FORM);
  else {
    try {
      area.value = written(parse(area.value));
    } catch (error) {
      if (!(error instanceof NotJson)) throw error;
    }
  }
  area.addEventListener("keydown", comfort);
  area.addEventListener("input", () => {
    clearTimeout(timer);
    timer = setTimeout(check, REST_MS);
  });
  byId("form-tidy").addEventListener("click", () => edit((form) => form));
  byId("form-add").append(...Object.keys(STARTERS).map((kind) => new Option(kind, kind)));
  byId("form-add").addEventListener("change", ({ target }) => {
    edit((form) => ({ ...form, questions: [...(form?.questions ?? []), starter(target.value, form?.questions ?? [])] }));
    target.value = "";
  });
  check();
} else {
  latest = JSON.parse(byId("form-document").textContent);
  send();
}
// It may have been ready before this page listened.
if (frame.contentDocument?.readyState === "complete") {
  isReady = true;
  send();
}
