// A question of each kind to start from.

const GRADES = [
  { value: "right", text: "Right" },
  { value: "partly", text: "Partly right" },
  { value: "wrong", text: "Wrong" },
];
const SCALE = ["Poor", "Weak", "Fair", "Good", "Excellent"].map((text, index) => ({ value: index + 1, text }));

export const STARTERS = {
  preference: { text: "Which response is better?", nature: "preferential", tie: true, both_bad: true, strength: ["slightly", "clearly"] },
  ranking: { text: "Rank the responses.", nature: "preferential", ties: true },
  choice: { text: "Is the response right?", nature: "objective", each_response: true, options: GRADES },
  choices: {
    text: "What is wrong with it?", nature: "objective", least: 0, most: 3, each_response: false,
    options: [{ value: "facts", text: "Wrong facts" }, { value: "tone", text: "Wrong tone" }, { value: "length", text: "Too long" }],
  },
  rating: {
    text: "How good is each response?", nature: "preferential", each_response: true, scale: SCALE,
    rubric: [{ id: "correct", text: "Correctness" }, { id: "clear", text: "Clarity" }],
  },
  checks: {
    text: "Check each response.", nature: "objective", each_response: true,
    checks: [{ id: "answers", text: "Answers the question" }, { id: "safe", text: "Is safe to follow" }],
  },
  edit: { text: "Make the better response as good as you can.", nature: "preferential" },
  critique: { text: "What would you tell the author?", nature: "preferential", spans: true, each_response_required: false },
  writing: { text: "Write the response you would give.", nature: "preferential", what: "response", min_length: 40 },
  spans: {
    text: "Mark names and places.", nature: "objective", of: "responses",
    labels: [{ value: "person", text: "Person" }, { value: "place", text: "Place" }],
  },
  rationale: { text: "Why?", required: false, min_length: 0 },
};

// A new question of that kind, by a name that the form does not use yet.
export function starter(kind, questions) {
  const names = new Set(questions.map((question) => question?.id));
  let name = kind;
  for (let number = 2; names.has(name); number += 1) name = `${kind}_${number}`;
  return { id: name, type: kind, ...STARTERS[kind] };
}

export const FIRST_FORM = {
  title: "Which response is better?",
  questions: [starter("preference", []), starter("rationale", [])],
};
