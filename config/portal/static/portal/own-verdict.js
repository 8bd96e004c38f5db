// The customer's own verdict: the form that reviewers answer, with an item to be answered; what is read from it goes along
// with the page's own form.

import { Form } from "../desk/form.js";
import { isPlain } from "../desk/keys.js";

const byId = (id) => document.getElementById(id);
const page = byId("verdict");
const { form: asked, item, answers, faults } = JSON.parse(byId("task").textContent);

const form = new Form({ conversation: byId("conversation"), questions: byId("questions") }, { form: asked, item });
form.fill(answers);
form.showFaults(faults);

page.addEventListener("input", () => {
  form.refresh();
  form.clearFaults();
});
page.addEventListener("submit", () => {
  page.elements.answers.value = JSON.stringify(form.read());
});
document.addEventListener("keydown", (event) => {
  if (event.key === "Enter" && (event.ctrlKey || event.metaKey)) page.requestSubmit();
  else if (isPlain(event) && form.press(event.key, event.target)) event.preventDefault();
});
