// The desk's API. Every refusal is a Refused with the server's own sentence; a broken line is an Unreachable.

const ROOT = "/api/desk/v1/";
export const { content: person } = document.querySelector('meta[name="person"]');
const token = document.querySelector('meta[name="csrf-token"]').content;

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.errors = problem.errors ?? [];
    this.state = problem.state; // how the lease ended, where that is why
  }
}

export class Unreachable extends Error {}

async function call(method, path, body) {
  let response;
  try {
    response = await fetch(ROOT + path, {
      method,
      headers: { "Content-Type": "application/json", "X-CSRFToken": token },
      body: body === undefined ? undefined : JSON.stringify(body),
    });
  } catch {
    throw new Unreachable();
  }
  if (response.status === 401 || response.status === 403) {
    location.assign("/desk/login/");
    return new Promise(() => {});
  }
  if (response.status >= 500) throw new Unreachable();
  const data = response.status === 204 ? null : await response.json();
  if (!response.ok) throw new Refused(response.status, data);
  return data;
}

export const next = () => call("POST", "next", { render: true });
export const prefetch = () => call("POST", "prefetch", { render: true });
export const acknowledge = (project, number) => call("POST", `projects/${project}/acknowledge`, { number });
export const me = () => call("GET", "me");
export const heartbeat = (lease) => call("POST", `tasks/${lease}/heartbeat`, {});
export const extend = (lease) => call("POST", `tasks/${lease}/extend`, {});
export const saveDraft = (lease, value) => call("PUT", `tasks/${lease}/draft`, { value });
export const submit = (lease, value, seconds, pasted = 0) => call("POST", `tasks/${lease}/submit`, { value, seconds, pasted });
export const skip = (lease, reason) => call("POST", `tasks/${lease}/skip`, { reason });
export const flag = (lease, kind, note) => call("POST", `tasks/${lease}/flag`, { kind, note });
export const ask = (lease, clause, question) => call("POST", `tasks/${lease}/ask`, { clause, question });
export const answer = (id) => call("GET", `answers/${id}`);
export const correct = (id, value) => call("PUT", `answers/${id}/correct`, { value });
export const readRuling = (id) => call("POST", `rulings/${id}/read`, {});
export const readMessage = (id) => call("POST", `messages/${id}/read`, {});
export const readFeedback = (id) => call("POST", `feedback/${id}/read`, {});
export const appeal = (id, words) => call("POST", `feedback/${id}/appeal`, { words });
export const availability = () => call("GET", "availability");
export const offer = (changes) => call("PUT", "availability", changes);
export const leaves = () => call("GET", "leaves");
export const takeLeave = (leave) => call("POST", "leaves", leave);
export const takeBackLeave = (id) => call("DELETE", `leaves/${id}`);
export const exams = () => call("GET", "exams");
export const beginSitting = (id) => call("POST", `exams/${id}/sittings`, {});
export const explanation = (id) => call("GET", `answers/${id}/explanation`);

// A page of a list: by its path, or by the address that the page before named.
export const page = (path) => call("GET", path.slice(path.indexOf(ROOT) + 1 ? path.indexOf(ROOT) + ROOT.length : 0));
