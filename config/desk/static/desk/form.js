// The form of a task: built from its document, read back as answers. Responses are named by key, never by place.

import { isAsked } from "./conditions.js";
import { content, element, placed } from "./dom.js";
import { KINDS } from "./questions/index.js";

const isOfResponses = ({ type, each_response: isEach, of }) =>
  isEach || ["preference", "ranking", "edit", "critique"].includes(type) || (type === "spans" && of === "responses");

export class Form {
  // `questions` takes the questions; `conversation` the messages, with what is asked of each beneath it.
  constructor({ conversation, questions }, task) {
    this.task = task;
    this.questions = task.form.questions;
    this.responses = task.item.responses.map((response, index) => ({
      ...response, place: index + 1, label: task.item.responses.length > 1 ? `Response ${index + 1}` : "The response",
    }));
    this.turns = task.item.messages.map((message, index) => ({ ...message, index })).filter(({ role }) => role === "assistant");
    this.shower = this.questions.find((question) => !question.when && KINDS[question.type].shows(question));
    this.parts = this.questions.flatMap((question) => {
      if (question.per_turn) return this.turns.map((message) => this.part(question, message));
      return isOfResponses(question) && !this.responses.length ? [] : [this.part(question)];
    });
    const beneath = (index) => this.parts.filter(({ message }) => message?.index === index).map(({ node }) => node);
    conversation.replaceChildren(...task.item.messages.map((message, index) => this.turn(message, beneath(index))));
    questions.replaceChildren(
      ...(this.shower || !this.responses.length ? [] : [this.plainResponses()]),
      ...this.parts.filter(({ message }) => !message).map(({ node }) => node),
    );
    this.refresh();
  }

  turn(message, parts) {
    const shown = element("div", { className: `message is-${message.role}` },
      element("div", { className: "role" }, message.role), content(this.task.item.language, message.html));
    if (parts.length) shown.append(element("div", { className: "turn" }, ...parts));
    return shown;
  }

  plainResponses() {
    return element("div", { className: "responses is-plain" }, ...this.responses.map(({ label, html, place }) =>
      element("div", { className: "response", "data-testid": `response-${place}` },
        element("header", {}, label), content(this.task.item.language, html))));
  }

  // One question, of the whole item or of one message, in its frame.
  part(question, message) {
    const name = message ? `${question.id}.${message.index}` : question.id;
    const { item } = this.task;
    const { body, ...rest } = KINDS[question.type].build(question, {
      name, question, message, item, language: item.language, responses: this.responses, questions: this.questions,
      isShowing: question === this.shower,
    });
    const isOptional = question.type === "rationale" ? !question.required : question.required === false;
    const isSaid = question.text === this.task.form.title; // the page's heading says it already
    const legend = element("legend", { id: `legend-${name}`, className: isSaid ? "visually-hidden" : undefined }, question.text,
      ...(isOptional ? [element("span", { className: "muted" }, " (optional)")] : []));
    const help = question.help ? [element("p", { className: "help", id: `help-${name}` }, question.help)] : [];
    const node = element("fieldset", {
      "data-question": question.id, "data-place": name, "data-kind": question.type, "aria-describedby": help.length ? `help-${name}` : undefined,
    }, legend, ...help, ...body);
    return { ...rest, question, message, node };
  }

  // Read what is answered so far; questions without an answer, and those not asked, are left out.
  read() {
    const value = {};
    for (const question of this.questions) {
      if (!isAsked(question, value)) continue;
      const answer = question.per_turn ? this.readTurns(question) : this.partOf(question)?.read();
      if (answer !== undefined) value[question.id] = answer;
    }
    return value;
  }

  partOf(question) {
    return this.parts.find((part) => part.question === question);
  }

  // Once one turn is answered, those of which nothing need be said are answered with nothing.
  readTurns(question) {
    const given = this.parts.filter((part) => part.question === question).map((part) => [part, part.read()]);
    if (given.every(([, answer]) => answer === undefined)) return undefined;
    const answered = given.map(([part, answer]) => [part.message.index, answer ?? part.nothing]);
    return Object.fromEntries(answered.filter(([, answer]) => answer !== undefined));
  }

  // Put answers back into the form, as a draft keeps them.
  fill(value) {
    for (const { question, message, fill } of this.parts) {
      const answer = value?.[question.id];
      const own = message ? answer?.[message.index] : answer;
      if (own !== undefined && own !== null) fill(own);
    }
    this.refresh();
  }

  // After any change: what depends on other answers appears, goes, or follows.
  refresh() {
    const answers = this.read();
    for (const { question, node, refresh } of this.parts) {
      node.hidden = !isAsked(question, answers);
      refresh?.(answers);
    }
  }

  get asked() {
    return this.parts.filter(({ node }) => !node.hidden);
  }

  // A key was pressed at `target`: it is the question's that holds it, else the first's that can use it.
  press(key, target) {
    const holder = this.asked.find(({ node }) => node.contains(target));
    if (holder?.press?.(key, target)) return true;
    if (target.closest(".raw")) return false; // reading with the caret, nobody means to choose
    return this.asked.some(({ first }) => first?.(key));
  }

  // What the keyboard does in this form, each thing once.
  get keys() {
    const seen = new Map(this.parts.flatMap(({ keys }) => keys).map((each) => [each.join("\n"), each]));
    return [...seen.values()];
  }

  // Show each fault where it belongs: `field` is a question, and may go on to a message, a response or a line of it.
  showFaults(errors) {
    this.clearFaults();
    let first;
    for (const { field, message } of errors) {
      const place = this.placeOf(field);
      const question = place?.closest("[data-question]");
      const about = place?.dataset.label ? `${place.dataset.label}: ` : "";
      place?.classList.add("is-faulty");
      (question ?? this.parts.at(-1)?.node)?.append(element("p", { className: "fault", role: "alert" }, about + message));
      first ??= question;
    }
    if (!first) return;
    first.scrollIntoView({ block: "center" });
    first.querySelector("input, textarea, [tabindex='0'], button")?.focus({ preventScroll: true });
  }

  // The nearest place in the page to that field: without its last steps, where they have no place of their own.
  placeOf(field) {
    for (let steps = field.split(/[.[\]]+/).filter(Boolean); steps.length; steps = steps.slice(0, -1)) {
      const found = this.parts.map(({ node }) => (node.matches(placed(steps.join("."))) ? node : node.querySelector(placed(steps.join("."))))).find(Boolean);
      const asked = found ?? this.parts.find(({ question }) => question.id === steps.join("."))?.node;
      if (asked) return asked;
    }
    return null;
  }

  clearFaults() {
    for (const { node } of this.parts) {
      node.classList.remove("is-faulty");
      for (const place of node.querySelectorAll(".is-faulty")) place.classList.remove("is-faulty");
      for (const fault of node.querySelectorAll(".fault")) fault.remove();
    }
  }
}
