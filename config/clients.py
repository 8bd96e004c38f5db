"""The two APIs from outside, over HTTP: a customer's side and a reviewer's. What a script of theirs would do, no more."""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any, Self

import httpx

PATIENCE_SECONDS = 120.0
POLL_SECONDS = 0.1


class Refused(Exception):
    """The server said no; the message is its sentence."""


class _Client:
    def __init__(self, url: str, key: str) -> None:
        self._http = httpx.Client(base_url=url, headers={"Authorization": f"Bearer {key}"}, timeout=60)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._http.close()

    def call(self, method: str, path: str, **more: Any) -> Any:
        response = self._http.request(method, path, **more)
        if response.is_error:
            raise Refused(_sentence(response))
        return response.json()


def _sentence(response: httpx.Response) -> str:
    try:
        problem = response.json()
    except ValueError:
        return f"HTTP {response.status_code} from {response.request.url.path}"
    fields = "".join(f" {each['field']}: {each['message']}" for each in problem.get("errors", []))
    return f"{problem.get('detail', response.status_code)}{fields}"


class Customer(_Client):
    """A customer with a key: uploads, watches, fetches, checks, decides."""

    def project(self, slug: str) -> dict[str, Any]:
        for project in self.every("/api/v1/projects"):
            if project["slug"] == slug:
                return dict(project)
        raise Refused(f"There is no project {slug!r} for this key.")

    def every(self, path: str) -> Iterator[dict[str, Any]]:
        """Yield every row of a paged list."""
        after: str | None = path
        while after:
            page = self.call("GET", after)
            yield from page["results"]
            after = page["next"]

    def upload(self, project: str, name: str, content: bytes) -> dict[str, Any]:
        """Upload a batch and wait until every row of it is accepted or refused, and its tasks are made."""
        path = f"/api/v1/projects/{project}/batches"
        batch = self.call("POST", path, files={"file": (name, content, "application/x-ndjson")})
        return self.wait_for(f"/api/v1/batches/{batch['id']}", lambda each: each["state"] != "received")

    def progress(self, project: str) -> dict[str, Any]:
        return dict(self.call("GET", f"/api/v1/projects/{project}/progress"))

    def release(self, project: str) -> dict[str, Any]:
        """Ask for a release and wait until it is frozen. Raises Refused with the reason if it fails."""
        release = self.call("POST", f"/api/v1/projects/{project}/releases")
        path = f"/api/v1/releases/{release['id']}"
        release = self.wait_for(path, lambda each: each["state"] != "requested")
        if release["state"] == "failed":
            raise Refused(release["fault"])
        return release

    def sample(self, release: str) -> dict[str, Any]:
        """Return the sample to check, once it is drawn."""
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            try:
                return dict(self.call("GET", f"/api/v1/releases/{release}/sample"))
            except Refused:
                if time.monotonic() > ends:
                    raise
            time.sleep(POLL_SECONDS)

    def give_verdict(self, release: str, entry: str, **verdict: str) -> None:
        self.call("POST", f"/api/v1/releases/{release}/sample/{entry}/verdict", json=verdict)

    def decide(self, release: str, decision: str, reason: str = "") -> dict[str, Any]:
        body = {"decision": decision, "reason": reason}
        return dict(self.call("POST", f"/api/v1/releases/{release}/decision", json=body))

    def fetch(self, release: str, folder: Path, on_file: Callable[[], None] = lambda: None) -> int:
        """Download every file of the release into `folder`; return how many."""
        files = list(self.every(f"/api/v1/releases/{release}/files"))
        for file in files:
            target = folder / file["name"]
            target.parent.mkdir(parents=True, exist_ok=True)
            with self._http.stream("GET", f"/api/v1/releases/{release}/files/{file['name']}") as response:
                response.raise_for_status()
                with target.open("wb") as out:
                    for chunk in response.iter_bytes():
                        out.write(chunk)
            on_file()
        return len(files)

    def wait_for(self, path: str, is_done: Callable[[dict[str, Any]], bool]) -> dict[str, Any]:
        ends = time.monotonic() + PATIENCE_SECONDS
        while True:
            found = dict(self.call("GET", path))
            if is_done(found):
                return found
            if time.monotonic() > ends:
                raise Refused(f"{path} has not moved for {PATIENCE_SECONDS:.0f} s; are the job workers running?")
            time.sleep(POLL_SECONDS)


class Desk(_Client):
    """A reviewer with a key: takes the next task, answers it. Guidelines are acknowledged as they come."""

    def next(self, project: str | None = None) -> dict[str, Any] | None:
        """Return the next task, or None when there is none for this reviewer now."""
        body = {"project": project} if project else {}
        answer = self.call("POST", "/api/desk/v1/next", json=body)
        if answer["task"]:
            return dict(answer["task"])
        if unread := answer["reason"].get("guideline"):
            self.acknowledge(unread["project"]["id"], unread["number"])
            return self.next(project)
        return None

    def acknowledge(self, project: str, number: int) -> None:
        """Say that this version of the project's guideline was read."""
        self.call("POST", f"/api/desk/v1/projects/{project}/acknowledge", json={"number": number})

    def submit(self, task: dict[str, Any], value: dict[str, Any], seconds: float | None) -> bool:
        """Submit; return whether the answer was placed."""
        token = task["lease"]["token"]
        body = {"value": value, "seconds": seconds}
        return bool(self.call("POST", f"/api/desk/v1/tasks/{token}/submit", json=body)["placed"])

    def skip(self, task: dict[str, Any], reason: str) -> None:
        self.call("POST", f"/api/desk/v1/tasks/{task['lease']['token']}/skip", json={"reason": reason})
