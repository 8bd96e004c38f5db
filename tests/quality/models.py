"""A real HTTP server of ours that plays the models behind an OpenAI-compatible endpoint, each with a character of its own."""

import json
import re
import socket
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Event, Thread
from typing import Any

WISH = re.compile(r"choose (\S+?)\.(?:$|\n)")


@dataclass
class Asked:
    """What a model is asked, as it could read it: the item between the marks, and the whole request."""

    body: dict[str, Any]
    authorization: str

    @property
    def item(self) -> dict[str, Any]:
        lines = self.body["messages"][-1]["content"].split("\n")
        assert lines[0] == lines[-1]
        assert lines[0].startswith("<<")
        found: dict[str, Any] = json.loads("\n".join(lines[1:-1]))
        return found

    @property
    def form(self) -> dict[str, Any]:
        text = self.body["messages"][0]["content"]
        found: dict[str, Any] = json.loads(text.partition("Form:\n")[2].partition("\n\nSchema:\n")[0])
        return found

    @property
    def wish(self) -> str | None:
        """What an instruction injected into the item's text asks for."""
        texts = [each["text"] for each in self.item["responses"]] + [each["content"] for each in self.item["messages"]]
        return next((found[1] for text in texts if (found := WISH.search(text))), None)


Answer = Callable[[Asked], Any]


def prefers(key: str, confidence: float = 0.9) -> Answer:
    return lambda _asked: {"answers": {"preference": {"choice": key}}, "confidence": confidence}


def prefers_first(asked: Asked) -> Any:
    """Chooses the place, whatever stands there."""
    return prefers(asked.item["responses"][0]["key"])(asked)


def prefers_longer(asked: Asked) -> Any:
    return prefers(max(asked.item["responses"], key=lambda each: len(each["text"]))["key"])(asked)


def obeys(asked: Asked) -> Any:
    """Does what the item's text tells it to."""
    return prefers(asked.wish or "a")(asked)


@dataclass
class Models:
    """What the server answers with. `says` is the model id it gives; None, the one that was asked for."""

    url: str = ""
    answer: Answer = field(default_factory=lambda: prefers("a"))
    says: str | None = None
    status: int = 200
    raw: bytes | None = None
    seconds: float = 0.0
    usage: dict[str, int] = field(default_factory=lambda: {"prompt_tokens": 1000, "completion_tokens": 100})
    asked: list[Asked] = field(default_factory=list)
    address: str = ""

    def reply(self, asked: Asked) -> tuple[int, bytes]:
        self.asked.append(asked)
        time.sleep(self.seconds)
        if self.status != 200:
            return self.status, b'{"error": {"message": "busy"}}'
        if self.raw is not None:
            return 200, self.raw
        said = self.answer(asked)
        content = said if isinstance(said, str) else json.dumps(said)
        body = {
            "id": "chatcmpl-1",
            "object": "chat.completion",
            "created": 1,
            "model": self.says if self.says is not None else asked.body["model"],
            "choices": [{"index": 0, "finish_reason": "stop", "message": {"role": "assistant", "content": content}}],
            "usage": self.usage,
        }
        return 200, json.dumps(body).encode()


@contextmanager
def models() -> Iterator[Models]:
    """Serve on this machine for as long as the block runs."""
    played = Models()

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            assert self.path == "/v1/chat/completions"
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            status, content = played.reply(Asked(body, self.headers.get("Authorization", "")))
            try:
                self.send_response(status)
                self.send_header("Content-Type", "application/json")
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)
            except (BrokenPipeError, ConnectionResetError):
                played.address = "gone"

        def log_message(self, *_args: Any) -> None:
            """Quiet."""

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    played.url = f"http://127.0.0.1:{server.server_port}/v1"
    thread = Thread(target=server.serve_forever, daemon=True)
    thread.start()
    try:
        yield played
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


@contextmanager
def drips(begin: bytes, drop: bytes, *, each: float = 0.1) -> Iterator[str]:
    """Serve an endpoint that answers any call with `begin` and then drop by drop, without end; yield its address."""
    is_over = Event()

    def serve(listening: socket.socket) -> None:
        while not is_over.is_set():
            try:
                calling, _ = listening.accept()
            except OSError:
                return
            with calling:
                calling.recv(1_000_000)
                try:
                    calling.sendall(begin)
                    while not is_over.wait(each):
                        calling.sendall(drop)
                except (BrokenPipeError, ConnectionResetError):
                    continue

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = Thread(target=serve, args=(listening,), daemon=True)
        thread.start()
        try:
            yield f"http://127.0.0.1:{listening.getsockname()[1]}/v1"
        finally:
            is_over.set()
            listening.shutdown(socket.SHUT_RDWR)
            thread.join()
