// The form of a task: built from its document, read back as answers. Responses are named by key, never by place.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (key === "className") made.className = value;
    else if (value !== false && value !== undefined) made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

// `html` comes from the server, which has cleaned it; everything else goes in as text.
export function content(language, html) {
  const made = element("div", { className: "content", lang: language });
  made.innerHTML = html;
  return made;
}

export class Form {
  constructor(place, task) {
    this.task = task;
    this.place = place;
    this.questions = task.form.questions;
    const builders = { preference: this.preference, choice: this.choice, rationale: this.rationale };
    place.replaceChildren(...this.questions.map((question) => builders[question.type].call(this, question)));
    if (!this.questions.some((question) => question.type === "preference")) place.prepend(this.plainResponses());
  }

  get item() {
    return this.task.item;
  }

  plainResponses() {
    const cards = this.item.responses.map((response, index) =>
      element("div", { className: "response", "data-testid": `response-${index + 1}` },
        element("header", {}, `Response ${index + 1}`), content(this.item.language, response.html)));
    return element("div", { className: "responses" }, ...cards);
  }

  preference(question) {
    const cards = this.item.responses.map((response, index) =>
      element("label", { className: "response", "data-testid": `response-${index + 1}` },
        element("header", {}, this.radio(question.id, response.key, `choose-${index + 1}`), `Response ${index + 1}`,
          element("kbd", {}, String(index + 1))),
        content(this.item.language, response.html)));
    const others = [];
    if (question.tie) others.push(this.option(question.id, "tie", "A tie", "0", "choose-tie"));
    if (question.both_bad) {
      const words = this.item.responses.length > 2 ? "All bad" : "Both bad";
      others.push(this.option(question.id, "both_bad", words, "b", "choose-both-bad"));
    }
    const parts = [element("div", { className: "responses" }, ...cards)];
    if (others.length) parts.push(element("div", { className: "choices" }, ...others));
    if (question.strength) {
      const degrees = question.strength.map((degree) => this.option(`${question.id}.strength`, degree, degree));
      parts.push(element("div", { className: "choices", "data-strength": question.id, hidden: true }, ...degrees));
    }
    return this.fieldset(question, ...parts);
  }

  choice(question) {
    const group = (name, label) => {
      const options = question.options.map((option) => this.option(name, option.value, option.text));
      const choices = element("div", { className: "choices", role: "group", "aria-label": label ?? question.text }, ...options);
      return label ? element("div", {}, element("b", {}, label), choices) : choices;
    };
    if (!question.each_response) return this.fieldset(question, group(question.id));
    const groups = this.item.responses.map((response, index) => group(`${question.id}.${response.key}`, `Response ${index + 1}`));
    return this.fieldset(question, element("div", { className: "per-response" }, ...groups));
  }

  rationale(question) {
    const id = `question-${question.id}`;
    const note = question.required ? "" : " (optional)";
    return element("div", { className: "rationale", "data-question": question.id },
      element("label", { for: id }, question.text + note),
      element("textarea", { id, name: question.id, "data-testid": "rationale", maxlength: "20000" }));
  }

  fieldset(question, ...children) {
    const legend = element("legend", { className: question.text === this.task.form.title ? "visually-hidden" : "" }, question.text);
    return element("fieldset", { "data-question": question.id }, legend, ...children);
  }

  radio(name, value, testid) {
    return element("input", { type: "radio", name, value, "data-testid": testid });
  }

  option(name, value, text, key, testid) {
    const parts = [this.radio(name, value, testid), text];
    if (key) parts.push(element("kbd", {}, key));
    return element("label", { className: "choice" }, ...parts);
  }

  checked(name) {
    return this.place.querySelector(`input[name="${CSS.escape(name)}"]:checked`)?.value;
  }

  // Read what is answered so far; questions without an answer are left out.
  read() {
    const value = {};
    for (const question of this.questions) {
      const answer = this.answer(question);
      if (answer !== undefined) value[question.id] = answer;
    }
    return value;
  }

  answer(question) {
    if (question.type === "rationale") {
      return this.place.querySelector(`textarea[name="${CSS.escape(question.id)}"]`).value.trim() || undefined;
    }
    if (question.type === "preference") {
      const choice = this.checked(question.id);
      if (choice === undefined) return undefined;
      const strength = this.isResponse(choice) ? this.checked(`${question.id}.strength`) : undefined;
      return strength ? { choice, strength } : { choice };
    }
    if (!question.each_response) return this.checked(question.id);
    const given = this.item.responses.map(({ key }) => [key, this.checked(`${question.id}.${key}`)]);
    const answered = given.filter(([, answer]) => answer !== undefined);
    return answered.length ? Object.fromEntries(answered) : undefined;
  }

  isResponse(choice) {
    return this.item.responses.some(({ key }) => key === choice);
  }

  // Put answers back into the form, as a draft keeps them.
  fill(value) {
    for (const question of this.questions) {
      const answer = value?.[question.id];
      if (answer === undefined || answer === null) continue;
      if (question.type === "rationale") this.place.querySelector(`textarea[name="${CSS.escape(question.id)}"]`).value = answer;
      else if (question.type === "preference") {
        this.check(question.id, answer.choice);
        if (answer.strength) this.check(`${question.id}.strength`, answer.strength);
      } else if (question.each_response) {
        for (const [key, one] of Object.entries(answer)) this.check(`${question.id}.${key}`, one);
      } else this.check(question.id, answer);
    }
    this.refresh();
  }

  check(name, value) {
    const input = this.place.querySelector(`input[name="${CSS.escape(name)}"][value="${CSS.escape(value)}"]`);
    if (input) input.checked = true;
  }

  // How strongly is asked once a response is chosen.
  refresh() {
    for (const degrees of this.place.querySelectorAll("[data-strength]")) {
      degrees.hidden = !this.isResponse(this.checked(degrees.dataset.strength));
    }
  }

  // Choose in the first preference question: a place on the screen, "tie" or "both_bad". Returns whether it could.
  choose(what) {
    const question = this.questions.find(({ type }) => type === "preference");
    const value = typeof what === "number" ? this.item.responses[what - 1]?.key : what;
    const input = question && value !== undefined
      && this.place.querySelector(`input[name="${CSS.escape(question.id)}"][value="${CSS.escape(value)}"]`);
    if (!input) return false;
    input.checked = true;
    input.focus({ preventScroll: true });
    input.dispatchEvent(new Event("input", { bubbles: true }));
    return true;
  }

  showFaults(errors) {
    this.clearFaults();
    let first;
    for (const { field, message } of errors) {
      const question = this.place.querySelector(`[data-question="${CSS.escape(field.split(".")[0])}"]`);
      (question ?? this.place).append(element("p", { className: "fault", role: "alert" }, message));
      first ??= question;
    }
    first?.scrollIntoView({ block: "center" });
  }

  clearFaults() {
    for (const fault of this.place.querySelectorAll(".fault")) fault.remove();
  }
}
