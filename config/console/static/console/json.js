// JSON with its places: where a value begins in the text, or where the text stops being JSON, and what is missing there.

export class NotJson extends Error {
  constructor(message, place) {
    super(message);
    this.place = place;
  }
}

// Return the value; raise NotJson.
export function parse(text) {
  locate(text, []);
  return JSON.parse(text);
}

// Where the value at `steps` (names and indices) begins; the nearest value around it, where it does not exist.
export function locate(text, steps) {
  const reader = new Reader(text, steps);
  reader.value(0);
  reader.blank();
  if (reader.at < text.length) reader.fail("Nothing may follow the closing bracket");
  return reader.found;
}

export function lineOf(text, place) {
  const before = text.slice(0, place).split("\n");
  return { line: before.length, column: before.at(-1).length + 1 };
}

const SIMPLE = /true|false|null|-?(?:0|[1-9]\d*)(?:\.\d+)?(?:[eE][+-]?\d+)?/y;
const STRING = /"(?:[^"\\\u0000-\u001f]|\\(?:["\\/bfnrt]|u[0-9a-fA-F]{4}))*"/y;

class Reader {
  constructor(text, steps) {
    Object.assign(this, { text, steps, at: 0, found: 0 });
  }

  fail(message) {
    throw new NotJson(message, this.at);
  }

  blank() {
    while (" \t\r\n".includes(this.text[this.at] ?? "x")) this.at += 1;
  }

  take(pattern, message) {
    pattern.lastIndex = this.at;
    const [taken] = pattern.exec(this.text) ?? this.fail(message);
    this.at += taken.length;
    return taken;
  }

  // Read one value, of which `depth` steps were walked to get here; `depth` is null off the way.
  value(depth) {
    this.blank();
    if (depth !== null) this.found = this.at;
    const sign = this.text[this.at];
    if (sign === "{") this.members("}", () => {
      const name = JSON.parse(this.take(STRING, "A name in double quotes is missing"));
      this.blank();
      if (this.text[this.at] !== ":") this.fail("A colon is missing");
      this.at += 1;
      return name;
    }, depth);
    else if (sign === "[") {
      let index = 0;
      this.members("]", () => String(index++), depth);
    } else if (sign === '"') this.take(STRING, "This text does not end, or holds a line break or a stray backslash");
    else this.take(SIMPLE, "A value is missing");
  }

  members(closing, name, depth) {
    this.at += 1;
    this.blank();
    if (this.text[this.at] === closing) {
      this.at += 1;
      return;
    }
    for (;;) {
      this.blank();
      const isOnWay = name() === this.steps[depth] && depth !== null;
      this.value(isOnWay ? depth + 1 : null);
      this.blank();
      const sign = this.text[this.at];
      if (sign !== "," && sign !== closing) this.fail(`A comma or ${closing} is missing`);
      this.at += 1;
      if (sign === closing) return;
    }
  }
}
