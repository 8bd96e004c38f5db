// The responses in order, best first: a rank for each, by number or with the arrows; several may share one where ties may.

import { button, changed, content, element } from "../dom.js";
import { Options } from "./options.js";

export function ranking(question, context) {
  const { responses } = context;
  const ranks = responses.map((_, index) => ({ value: index + 1, text: String(index + 1) }));
  const groups = new Map(responses.map(({ key, label }) =>
    [key, new Options({ name: `${context.name}.${key}`, options: ranks, label: `Rank of ${label}` })]));
  const labels = new Map(responses.map(({ key, label }) => [key, label]));
  const rankOf = (key) => groups.get(key).read();
  const at = (rank) => responses.map(({ key }) => key).filter((key) => rankOf(key) === rank);

  // Without ties, whoever stands there already changes places with the newcomer.
  function place(key, rank, before) {
    if (!question.ties) for (const other of at(rank)) if (other !== key) groups.get(other).fill(before);
    groups.get(key).fill(rank);
  }

  const known = new Map();
  const list = element("ol", { className: "tiers", "aria-label": "The order so far" });
  const rest = element("p", { className: "hint", "aria-live": "polite" });

  function draw() {
    const focused = list.contains(document.activeElement) ? document.activeElement.dataset.move : null;
    list.replaceChildren(...ranks.map(({ value }) => {
      const keys = at(value);
      return element("li", { className: keys.length ? "tier" : "tier is-empty" },
        element("b", { className: "rank" }, String(value)), element("div", { className: "row" }, ...keys.map((key) => chip(key, value))));
    }));
    if (focused) list.querySelector(`[data-move="${CSS.escape(focused)}"]`)?.focus();
    const missing = responses.filter(({ key }) => rankOf(key) === undefined).map(({ label }) => label);
    rest.textContent = missing.length ? `Not ranked yet: ${missing.join(", ")}.` : "";
    for (const { key } of responses) known.set(key, rankOf(key));
  }

  function chip(key, rank) {
    const move = (step, sign, words) => button(sign, () => {
      const target = rank + step;
      if (target < 1 || target > responses.length) return;
      place(key, target, rank);
      changed(list);
    }, {
      className: "quiet", "data-move": `${key} ${words}`, "aria-label": `Move ${labels.get(key)} ${words}`,
      "aria-disabled": rank + step < 1 || rank + step > responses.length ? "true" : undefined,
    });
    return element("span", { className: "chip" }, labels.get(key), move(-1, "↑", "up"), move(1, "↓", "down"));
  }

  const cards = responses.map(({ key, label, html, place: number }) => {
    const card = element("div", {
      className: "response is-ranked", tabindex: "-1", "data-key": key, "data-testid": context.isShowing && `response-${number}`,
    }, element("header", {}, label, groups.get(key).pills(`Rank of ${label}`, { className: "ranks" })));
    if (context.isShowing) card.append(content(context.language, html));
    groups.get(key).inputs.forEach((input) => input.addEventListener("input", () => place(key, rankOf(key), known.get(key))));
    return card;
  });

  draw();
  return {
    body: [
      element("p", { className: "hint" }, question.ties ? "1 is best; responses may share a rank." : "1 is best; each rank goes once."),
      element("div", { className: context.isShowing ? "responses" : "per-response" }, ...cards), list, rest,
    ],
    read() {
      const tiers = ranks.map(({ value }) => at(value)).filter((keys) => keys.length);
      return tiers.length ? tiers : undefined;
    },
    fill(answer) {
      answer.forEach((keys, index) => { for (const key of keys) groups.get(key)?.fill(index + 1); });
      draw();
    },
    refresh: draw,
    press(key, target) {
      const card = target.closest("[data-key]");
      return card !== null && /^[1-9]$/.test(key) && groups.get(card.dataset.key).pick(Number(key));
    },
    keys: [[["1", String(Math.min(responses.length, 9))], "rank the response in focus"]],
  };
}
