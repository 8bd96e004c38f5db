// The kinds of question: for each, how it is built, and whether it shows the responses to be read.
//
// A builder takes the question and its context and returns a part: `body` (nodes), `read()` (the answer so far, or
// undefined), `fill(answer)`, `keys` (what the keyboard does, as [[key, …], words]), and where they are needed
// `nothing` (the answer that says there is nothing to say), `refresh(answers)` after any change, `press(key, target)` for keys pressed inside it, and `first(key)` for keys pressed
// where nothing else has the focus; both return whether they did something.

import { critique } from "./critique.js";
import { edit } from "./edit.js";
import { checks, choice, choices, rating } from "./marks.js";
import { preference } from "./preference.js";
import { ranking } from "./ranking.js";
import { spans } from "./spans.js";
import { rationale, writing } from "./texts.js";

const never = () => false;

export const KINDS = {
  preference: { build: preference, shows: () => true },
  ranking: { build: ranking, shows: () => true },
  choice: { build: choice, shows: never },
  choices: { build: choices, shows: never },
  rating: { build: rating, shows: never },
  checks: { build: checks, shows: never },
  edit: { build: edit, shows: never },
  critique: { build: critique, shows: never },
  writing: { build: writing, shows: never },
  spans: { build: spans, shows: (question) => question.of === "responses" },
  rationale: { build: rationale, shows: never },
};
