// Making elements. Text goes in as text; only `content` takes HTML, which the server has cleaned.

export function element(name, attributes = {}, ...children) {
  const made = document.createElement(name);
  for (const [key, value] of Object.entries(attributes)) {
    if (value === false || value === undefined) continue;
    if (key === "className") made.className = value;
    else made.setAttribute(key, value === true ? "" : value);
  }
  made.append(...children);
  return made;
}

export function button(text, act, attributes = {}) {
  const made = element("button", { type: "button", ...attributes }, text);
  made.addEventListener("click", act);
  return made;
}

export function content(language, html) {
  const made = element("div", { className: "content", lang: language });
  made.innerHTML = html;
  return made;
}

// What a button changed is a change of the form like any other.
export const changed = (node) => node.dispatchEvent(new Event("input", { bubbles: true }));

export const placed = (place) => `[data-place="${CSS.escape(place)}"]`;

export const lengthOf = (text) => [...text.trim()].length;
