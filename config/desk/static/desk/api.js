// The desk's API. Every refusal is a Refused with the server's own sentence; a broken line is an Unreachable.

const ROOT = "/api/desk/v1/";
const token = document.querySelector('meta[name="csrf-token"]').content;

export class Refused extends Error {
  constructor(status, problem) {
    super(problem.detail ?? `The server answered ${status}.`);
    this.status = status;
    this.errors = problem.errors ?? [];
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
  const data = await response.json();
  if (!response.ok) throw new Refused(response.status, data);
  return data;
}

export const next = () => call("POST", "next", { render: true });
export const acknowledge = (project, number) => call("POST", `projects/${project}/acknowledge`, { number });
export const me = () => call("GET", "me");
export const heartbeat = (lease) => call("POST", `tasks/${lease}/heartbeat`, {});
export const saveDraft = (lease, value) => call("PUT", `tasks/${lease}/draft`, { value });
export const submit = (lease, value, seconds) => call("POST", `tasks/${lease}/submit`, { value, seconds });
export const skip = (lease, reason) => call("POST", `tasks/${lease}/skip`, { reason });
