// The desk within the form editor: the desk's own form, an invented item, and the answers it would submit.

import { element } from "../desk/dom.js";
import { Form } from "../desk/form.js";
import { isPlain, showKeys } from "../desk/keys.js";
import { KINDS } from "../desk/questions/index.js";
import { EXAMPLES } from "./examples.js";

const byId = (id) => document.getElementById(id);
let asked = { title: "", questions: [] };
let form = null;

function show() {
  const known = asked.questions.filter((question) => KINDS[question?.type]);
  const kept = answersThatFit(known);
  try {
    form = new Form({ conversation: byId("conversation"), questions: byId("questions") }, {
      form: { ...asked, questions: known }, item: EXAMPLES[byId("example").value].item,
    });
    form.fill(kept);
  } catch (error) {
    // A document that is being typed may lack anything; what was shown last stays until this one can be shown.
    if (!(error instanceof TypeError || error instanceof SyntaxError)) throw error;
    say("This form cannot be shown yet; see what is wrong beside it.");
    return;
  }
  byId("title").textContent = asked.title ?? "";
  const unknown = asked.questions.length - known.length;
  say(unknown ? `${unknown} of the questions cannot be shown: the desk does not know its type.` : "");
  write();
}

// Answers given so far to questions that have not been changed since, for the item that is still shown.
function answersThatFit(questions) {
  if (!form || form.task.item !== EXAMPLES[byId("example").value].item) return {};
  const before = new Map(form.questions.map((question) => [JSON.stringify(question), question.id]));
  const answers = form.read();
  const names = questions.map((question) => before.get(JSON.stringify(question))).filter((name) => name in answers);
  return Object.fromEntries(names.map((name) => [name, answers[name]]));
}

function write() {
  byId("answers").textContent = JSON.stringify(form.read(), null, 2);
}

function say(text) {
  byId("banner").textContent = text;
  byId("banner").hidden = !text;
}

function openKeys() {
  showKeys(byId("keys"), form);
  byId("keys-dialog").showModal();
}

addEventListener("message", ({ origin, source, data }) => {
  if (origin !== location.origin || source !== parent || !Array.isArray(data?.document?.questions)) return;
  asked = data.document;
  show();
});

document.addEventListener("keydown", (event) => {
  if (!isPlain(event)) return;
  if (event.key === "?") openKeys();
  else if (form?.press(event.key, event.target)) event.preventDefault();
});

byId("form").addEventListener("input", () => {
  form.refresh();
  form.clearFaults();
  write();
});
byId("form").addEventListener("submit", (event) => event.preventDefault());
byId("example").append(...Object.entries(EXAMPLES).map(([value, { name }]) => element("option", { value }, name)));
byId("example").addEventListener("change", show);
byId("show-keys").addEventListener("click", openKeys);
parent.postMessage({ isReady: true }, location.origin);
