// Invented items to show a form with. Their texts are plain, so that they read the same rendered and as written.

const shed = "Our neighbours’ cat 😺 keeps getting into the garden shed. How do I keep it out without hurting it?";

const answers = [
  ["a", "Close the gap it uses: most cats come in under the door or through a loose board.\n\nScrew a strip of wood along the bottom edge, and keep the door shut at dusk, when cats roam. Orange peel on the sill puts many of them off 😾 and harms none.\n\nThen tell the neighbours; they may not know where their cat spends its evenings."],
  ["b", "Put out pepper spray and mothballs. Cats hate both, so the shed will be free of them by Friday.\n\nIf that fails, ring Mrs Alder at the shelter in Fenwick, and ask for a trap."],
  ["c", "Is it a problem that the cat is there? Many people like a cat in the shed because of the mice."],
  ["d", "Cover the hole."],
];

const talk = [
  { role: "user", content: "Can I move a rose bush in summer? 🙂" },
  { role: "assistant", content: "You can, but autumn is kinder. In summer the roots cannot drink fast enough for the leaves." },
  { role: "user", content: "I move house in July, so it has to be summer." },
  { role: "assistant", content: "Then cut it back by half, dig wide, and keep the ball of earth whole. Move it in the evening and water it every day for three weeks." },
  { role: "user", content: "What would the new soil need?" },
];

const soil = [
  ["a", "Mix in compost, and dig the hole twice as wide as the ball of earth. Leave out fertiliser until it has new leaves."],
  ["b", "Roses like lime, so add two kilograms to each hole."],
];

function html(text) {
  const place = document.createElement("div");
  for (const paragraph of text.split("\n\n")) place.append(Object.assign(document.createElement("p"), { textContent: paragraph }));
  return place.innerHTML;
}

const item = (messages, responses) => ({
  language: "en",
  messages: messages.map((message) => ({ ...message, html: html(message.content) })),
  responses: responses.map(([key, text]) => ({ key, text, html: html(text) })),
});

export const EXAMPLES = {
  two: { name: "two responses", item: item([{ role: "user", content: shed }], answers.slice(0, 2)) },
  four: { name: "four responses", item: item([{ role: "user", content: shed }], answers) },
  talk: { name: "a conversation", item: item(talk, soil) },
  one: { name: "one response", item: item([{ role: "user", content: shed }], answers.slice(0, 1)) },
  none: { name: "a prompt alone", item: item([{ role: "user", content: shed }], []) },
};
