// Questions answered by marking options: choice, choices, rating, checks; once, by response, by line, or both.

import { element } from "../dom.js";
import { Options } from "./options.js";

const LONGEST_HEADING = 22; // characters: beyond, options read better in the rows than above them
const MOST_COLUMNS = 7;
const YES_NO = [{ value: true, text: "Yes" }, { value: false, text: "No" }];

export const choice = (question, context) => marks(question, context, { options: question.options, rows: [] });

export function choices(question, context) {
  const part = marks(question, context, { options: question.options, rows: [], type: "checkbox" });
  const { least = 0, most } = question;
  const words = bounds(least, most);
  if (words) part.body.unshift(element("p", { className: "hint" }, words));
  part.nothing = least > 0 ? undefined : [];
  const read = part.read;
  // Nothing chosen is an answer where nothing need be chosen; elsewhere it is none yet.
  part.read = () => {
    const answer = read();
    const isEmpty = Object.values(answer ?? []).flat().length === 0;
    return isEmpty && (least > 0 || question.required === false) ? undefined : answer;
  };
  return part;
}

export const rating = (question, context) =>
  marks(question, context, { options: question.scale, rows: question.rubric ?? [], isScale: true });

export const checks = (question, context) => marks(question, context, { options: YES_NO, rows: question.checks });

function bounds(least, most) {
  if (least && most) return least === most ? `Choose ${least}.` : `Choose ${least} to ${most}.`;
  if (least) return `Choose at least ${least}.`;
  return most ? `Choose ${most} at most.` : "";
}

function marks(question, context, { options, rows, type = "radio", isScale = false }) {
  const groups = [];
  const group = (names, label) => {
    const made = new Options({ name: [context.name, ...names].join("."), type, options, label });
    groups.push(made);
    return { place: [context.name, ...names].join("."), label, made };
  };
  const isEach = question.each_response && !context.message;
  const lines = (names, prefix) => rows.map(({ id, text }) => ({ ...group([...names, id], prefix + text), label: text, key: id }));
  let tree; // a group, or an array of { key, made } or of { key, tree }
  let body;
  if (isEach && rows.length) {
    tree = context.responses.map(({ key, label }) => ({ key, tree: lines([key], `${label}, `) }));
    body = context.responses.map(({ label }, index) => table(tree[index].tree, options, { caption: label, isScale }));
  } else if (isEach) {
    tree = context.responses.map(({ key, label }) => ({ ...group([key], label), key }));
    body = [table(tree, options, { isScale })];
  } else if (rows.length) {
    tree = lines([], "");
    body = [table(tree, options, { isScale })];
  } else {
    tree = group([]).made;
    body = [tree.pills(question.text, isScale ? { className: "choices is-scale", hints: options.map(({ value }) => String(value)) } : {})];
  }
  const isOne = tree instanceof Options;
  const holding = (target) => groups.find(({ inputs }) => inputs.includes(target));
  // On a scale a key means the value, elsewhere the place.
  const numbers = new Map(options.map(({ value }, index) => [String(isScale ? value : index + 1), index + 1]));
  const hints = [...numbers.keys()].filter((key) => key.length === 1);
  return {
    body,
    read: () => readTree(tree),
    fill: (answer) => fillTree(tree, answer),
    press: (key, target) => numbers.has(key) && (holding(target)?.pick(numbers.get(key)) ?? false),
    first: isOne ? (key) => numbers.has(key) && tree.pick(numbers.get(key)) : undefined,
    keys: [[[hints[0], hints.at(-1)], type === "checkbox" ? "turn an option of the row in focus on or off" : "choose an option of the row in focus"]],
  };
}

function readTree(tree) {
  if (tree instanceof Options) return tree.read();
  const given = tree.map((each) => [each.key, readTree(each.made ?? each.tree)]).filter(([, answer]) => answer !== undefined);
  return given.length ? Object.fromEntries(given) : undefined;
}

function fillTree(tree, answer) {
  if (tree instanceof Options) tree.fill(answer);
  else for (const each of tree) if (answer[each.key] !== undefined) fillTree(each.made ?? each.tree, answer[each.key]);
}

// One row a group, one column an option. Where it is narrow, or headings are long, each cell says its option itself.
function table(rows, options, { caption, isScale }) {
  const headings = options.map(({ value, text }) =>
    element("th", { scope: "col" }, ...(isScale ? [element("b", {}, String(value)), " ", text] : [text])));
  const wordsOf = ({ value, text }) => (isScale ? `${value} ${text}` : text);
  const isLong = options.length > MOST_COLUMNS || options.some(({ text }) => text.length > LONGEST_HEADING);
  const lines = rows.map(({ label, place, made }) =>
    element("tr", { "data-place": place, "data-label": caption ? `${caption}, ${label}` : label },
      element("th", { scope: "row" }, label),
      ...made.inputs.map((input, index) =>
        element("td", {}, element("label", { className: "cell" }, input, element("span", {}, wordsOf(options[index])))))));
  return element("div", { className: isLong ? "grid is-long" : "grid" },
    element("table", {},
      ...(caption ? [element("caption", {}, caption)] : []),
      element("thead", {}, element("tr", {}, element("td"), ...headings)),
      element("tbody", {}, ...lines)));
}
