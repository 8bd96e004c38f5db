// What changed between two texts, word by word: [["=" | "-" | "+", text], …]. A word keeps the space before it.

const LARGEST_TABLE = 2_000_000; // cells; above it the texts are first cut at words that occur once in both

export function diff(before, after) {
  const pieces = [];
  compare(words(before), words(after), (op, list) => {
    const last = pieces.at(-1);
    if (!list.length) return;
    if (last?.[0] === op) last[1] += list.join("");
    else pieces.push([op, list.join("")]);
  });
  return pieces;
}

const words = (text) => text.match(/\s*(?:[\p{L}\p{M}\p{N}_]+|[^\s\p{L}\p{M}\p{N}_])|\s+/gu) ?? [];

function compare(before, after, say) {
  let start = 0;
  while (start < before.length && start < after.length && before[start] === after[start]) start += 1;
  let left = before.length;
  let right = after.length;
  while (left > start && right > start && before[left - 1] === after[right - 1]) {
    left -= 1;
    right -= 1;
  }
  say("=", before.slice(0, start));
  between(before.slice(start, left), after.slice(start, right), say);
  say("=", before.slice(left));
}

function between(before, after, say) {
  if (!before.length || !after.length) {
    say("-", before);
    say("+", after);
  } else if (before.length * after.length <= LARGEST_TABLE) table(before, after, say);
  else {
    const common = anchors(before, after);
    let [i, j] = [0, 0];
    for (const [left, right] of common) {
      compare(before.slice(i, left), after.slice(j, right), say);
      say("=", [before[left]]);
      [i, j] = [left + 1, right + 1];
    }
    if (common.length) compare(before.slice(i), after.slice(j), say);
    else {
      say("-", before);
      say("+", after);
    }
  }
}

// The longest common subsequence, by the usual table of the lengths that remain.
function table(before, after, say) {
  const width = after.length + 1;
  const lengths = new Uint32Array((before.length + 1) * width);
  for (let i = before.length - 1; i >= 0; i -= 1) {
    for (let j = after.length - 1; j >= 0; j -= 1) {
      lengths[i * width + j] = before[i] === after[j]
        ? lengths[(i + 1) * width + j + 1] + 1
        : Math.max(lengths[(i + 1) * width + j], lengths[i * width + j + 1]);
    }
  }
  let [i, j] = [0, 0];
  while (i < before.length && j < after.length) {
    if (before[i] === after[j]) {
      say("=", [before[i]]);
      i += 1;
      j += 1;
    } else if (lengths[(i + 1) * width + j] >= lengths[i * width + j + 1]) say("-", [before[i++]]);
    else say("+", [after[j++]]);
  }
  say("-", before.slice(i));
  say("+", after.slice(j));
}

// Pairs of places of words that occur once on either side, as many as keep their order: a longest increasing run.
function anchors(before, after) {
  const left = onces(before);
  const right = onces(after);
  const pairs = [...left].filter(([word]) => right.has(word)).map(([word, place]) => [place, right.get(word)]);
  const tails = [];
  const previous = [];
  pairs.forEach(([, place], index) => {
    let [low, high] = [0, tails.length];
    while (low < high) {
      const middle = (low + high) >> 1;
      if (pairs[tails[middle]][1] < place) low = middle + 1;
      else high = middle;
    }
    previous[index] = low ? tails[low - 1] : undefined;
    tails[low] = index;
  });
  const found = [];
  for (let index = tails.at(-1); index !== undefined; index = previous[index]) found.unshift(pairs[index]);
  return found;
}

function onces(list) {
  const places = new Map();
  list.forEach((word, place) => places.set(word, places.has(word) ? null : place));
  return new Map([...places].filter(([, place]) => place !== null));
}
