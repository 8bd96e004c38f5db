// When I work, how much at most, and my leave. What stands in the way of work now is said as the server says it.

import * as api from "./api.js";
import { say, untilReached } from "./banner.js";

const byId = (id) => document.getElementById(id);
const words = byId("said").dataset;
const LIMITS = ["daily_limit", "weekly_limit", "distressing_daily_limit"];
const CEILINGS = ["daily_ceiling", "weekly_ceiling", "distressing_daily_ceiling"];

function show(kept) {
  byId("is_on").checked = kept.is_on;
  byId("time_zone").value = kept.time_zone;
  byId("hours").replaceChildren(...kept.hours.map(line));
  for (const name of LIMITS) byId(name).value = kept[name] ?? "";
  for (const name of CEILINGS) byId(name).textContent = kept[name] === null ? "" : `${words.most} ${kept[name]}`;
  byId("stop").textContent = kept.stop ? [kept.stop.message, until(kept.stop.until)].filter(Boolean).join(" ") : words.free;
}

function until(moment) {
  return moment ? `${words.until} ${new Intl.DateTimeFormat(undefined, { dateStyle: "medium", timeStyle: "short" }).format(new Date(moment))}.` : "";
}

function line({ day, from, to }) {
  const made = byId("line").content.firstElementChild.cloneNode(true);
  const [begins, ends] = made.querySelectorAll("input");
  Object.assign(made.querySelector("select"), { value: day });
  begins.value = from;
  ends.value = to;
  made.querySelector("button").addEventListener("click", () => {
    made.remove();
    byId("add-hours").focus();
  });
  return made;
}

function offered() {
  const hours = [...byId("hours").children].map((each) => {
    const [from, to] = [...each.querySelectorAll("input")].map((input) => input.value);
    return { day: Number(each.querySelector("select").value), from, to };
  });
  const limits = LIMITS.map((name) => [name, byId(name).value === "" ? null : Number(byId(name).value)]);
  return { is_on: byId("is_on").checked, time_zone: byId("time_zone").value, hours, ...Object.fromEntries(limits) };
}

function leaveLine({ id, first, last, reason }) {
  const made = byId("leave-line").content.firstElementChild.cloneNode(true);
  made.querySelector("span").textContent = `${first} – ${last}${reason ? `: ${reason}` : ""}`;
  made.querySelector("button").addEventListener("click", () => trying(async () => {
    await api.takeBackLeave(id);
    await showLeaves();
    byId("first").focus();
  }));
  return made;
}

async function showLeaves() {
  const leaves = await untilReached(api.leaves);
  byId("leaves").replaceChildren(...(leaves.length ? leaves.map(leaveLine) : [words.nothing]));
  show(await untilReached(api.availability));
}

// Do what the person asked; what the server refuses is said, and what they typed stays.
async function trying(act) {
  say("");
  try {
    await act();
  } catch (error) {
    if (error instanceof api.Unreachable) say(words.unreached, { isBad: true });
    else if (error instanceof api.Refused) say(error.errors.map(({ message }) => message).join(" ") || error.message, { isBad: true });
    else throw error;
  }
}

byId("add-hours").addEventListener("click", () => {
  const made = line({ day: 0, from: "09:00", to: "17:00" });
  byId("hours").append(made);
  made.querySelector("select").focus();
});

byId("offer").addEventListener("submit", (event) => {
  event.preventDefault();
  trying(async () => {
    show(await untilReached(() => api.offer(offered())));
    say(words.saved);
  });
});

byId("offer").addEventListener("keydown", (event) => {
  if (event.key !== "Enter" || !event.ctrlKey) return;
  event.preventDefault();
  byId("offer").requestSubmit();
});

byId("leave").addEventListener("submit", (event) => {
  event.preventDefault();
  const leave = { first: byId("first").value, last: byId("last").value, reason: byId("leave-reason").value };
  trying(async () => {
    await api.takeLeave(leave);
    byId("leave").reset();
    await showLeaves();
  });
});

trying(showLeaves);
