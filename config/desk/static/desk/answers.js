// My last answers, and correcting one of them: the task as it was shown, with what was answered, in place of the task at hand.

import * as api from "./api.js";
import { say, untilReached } from "./banner.js";
import { showBeside } from "./beside.js";
import { button, element } from "./dom.js";
import { forgetCorrection, keepCorrection, keptCorrection } from "./drafts.js";
import { Form } from "./form.js";

const byId = (id) => document.getElementById(id);
const when = (text) => new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(text));

// Show the newest answers in their dialog; `onCorrect(id)` is called for the one to correct.
export async function showAnswers(onCorrect) {
  const list = byId("answers");
  list.replaceChildren();
  byId("answers-dialog").showModal();
  await showPage(list, "answers?page_size=20", onCorrect);
}

async function showPage(list, path, onCorrect) {
  const { results, next } = await untilReached(() => api.page(path));
  const rows = results.map((answer) => row(answer, onCorrect));
  list.append(...rows);
  rows.map((each) => each.querySelector("button")).find(Boolean)?.focus();
  if (!list.children.length) list.append(element("li", { className: "muted" }, "You have not answered anything yet."));
  if (!next) return;
  const more = button("Show earlier ones", () => {
    more.remove();
    showPage(list, next, onCorrect);
  }, { className: "quiet" });
  list.append(more);
}

function row({ id, project, title, excerpt, submitted_at: at, is_correction: isCorrection, can_be_corrected: isOpen, until, has_models: hasModels }, onCorrect) {
  const act = button("Correct", () => {
    byId("answers-dialog").close();
    onCorrect(id);
  }, { "aria-label": `Correct: ${excerpt || title}`, "data-testid": "correct" });
  const models = element("div", { className: "beside", hidden: true, "data-testid": "models" });
  const compare = button("What models answered", async () => {
    compare.hidden = true;
    showBeside(models, (await untilReached(() => api.answer(id))).models);
  }, { className: "quiet", "data-testid": "compare" });
  return element("li", {},
    element("div", {},
      element("p", { className: "excerpt" }, excerpt || title),
      element("p", { className: "hint" }, `${project.name} · ${when(at)}${isCorrection ? " · corrected" : ""}`),
      element("p", { className: "hint" }, until),
      models),
    ...(isOpen ? [act] : []),
    ...(hasModels ? [compare] : []));
}

export class Correction {
  // Open the answer, filled with `typed` where something was typed for it already; `onClose()` is called at its end.
  static async open(id, { typed = null, onClose }) {
    const shown = await untilReached(() => api.answer(id));
    return new Correction(shown, typed, onClose);
  }

  constructor(shown, typed, onClose) {
    Object.assign(this, { id: shown.id, onClose });
    document.querySelector("main").classList.add("is-correcting");
    byId("correction").hidden = false;
    byId("correction-title").textContent = shown.form.title;
    byId("correction-about").textContent = `You are correcting what you answered on ${when(shown.submitted_at)}. The task at hand waits for you meanwhile.`;
    this.form = new Form({ conversation: byId("correction-conversation"), questions: byId("correction-questions") }, shown);
    this.form.fill(typed ?? keptCorrection(this.id) ?? shown.value);
    if (typed) this.keep();
    scrollTo(0, 0);
    byId("correction-title").focus({ preventScroll: true });
  }

  keep() {
    this.form.refresh();
    this.form.clearFaults();
    keepCorrection(this.id, this.form.read());
  }

  // A second press while the first is under way does nothing.
  async save() {
    if (this.isSaving) return;
    this.isSaving = true;
    this.form.clearFaults();
    try {
      await untilReached(() => api.correct(this.id, this.form.read()));
      this.close();
      say("Your answer is corrected.");
    } catch (error) {
      if (!(error instanceof api.Refused)) throw error;
      if (error.status === 422 && error.errors.length) this.form.showFaults(error.errors);
      else say(error.message, { isBad: true, actions: [["Leave it as it is", () => this.close()]] });
    } finally {
      this.isSaving = false;
    }
  }

  close() {
    forgetCorrection(this.id);
    byId("correction").hidden = true;
    byId("correction-conversation").replaceChildren();
    byId("correction-questions").replaceChildren();
    document.querySelector("main").classList.remove("is-correcting");
    this.onClose();
  }
}
