"""What the endpoints share: faults, the log, files and batches, and the answer to a request."""

from __future__ import annotations

import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from promptcodec.server.openai import bodies as shared
from promptcodec.server.openai import questions
from promptcodec.server.openai.image_requests import sides
from promptcodec.server.openai.rules import BadRequestError, fields
from promptcodec.testing.loopback import answer, bodies, image_requests, text_requests
from promptcodec.testing.loopback.batches import Batches
from promptcodec.testing.loopback.faults import Fault
from promptcodec.testing.loopback.files import Files

_AUTO = 1024, 1024


class Service:
    """What the endpoints share: faults, the log, files and batches."""

    def __init__(
        self, faults: Sequence[Fault], log: Path | None, key: str, most_lines: int, most_bytes: int
    ) -> None:
        self.faults = faults
        self.key = key
        self.files = Files()
        self.most_bytes = most_bytes
        self.batches = Batches(self._answer_line, self.note, faults, self.files, most_lines)
        self._log = log
        self._lock = threading.Lock()

    def note(self, method: str, path: str, status: int, digest: str) -> None:
        """Write one line of the log."""
        if self._log:
            line = {"method": method, "path": path, "status": status, "input_sha256": digest}
            with self._lock, self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def _answer_line(self, path: str, body: Any, fault: str) -> dict[str, Any]:
        return self.answer(path, body, (), fault)

    def answer(self, path: str, body: Any, uploads: Sequence[bytes] = (), fault: str = "") -> dict[str, Any]:
        """Answer one request of an endpoint that models stand behind.

        Raises:
            BadRequestError: the real API would refuse it.
        """
        if path == "/v1/chat/completions" and isinstance(body, dict) and "modalities" in body:
            return _draw(body, fault)
        if path == "/v1/chat/completions":
            fields(body, text_requests.CHAT, ("model", "messages"))
            question = questions.read_chat(body)
            return bodies.chat(body["model"], answer.say(question, fault), question, fault)
        if path == "/v1/responses":
            fields(body, text_requests.RESPONSES, ("model", "input"))
            question = text_requests.read_responses(body)
            return bodies.response(body["model"], answer.say(question, fault), question, fault)
        rules = image_requests.EDIT if path.endswith("edits") else image_requests.GENERATE
        fields(body, rules, ("model", "prompt"))
        references = image_requests.pictures(list(uploads)) if path.endswith("edits") else []
        if fault == "refusal":
            raise BadRequestError(
                "Your request was rejected by the safety system.", None, "moderation_blocked"
            )
        size = body.get("size", "auto")
        pixels = sides(size, "size") or _AUTO
        drawn = [] if fault == "empty" else [answer.paint(body["prompt"], pixels, references, fault)]
        return shared.pictures(
            [{"b64_json": coded} for coded in drawn], body["prompt"], size, pixels, len(references)
        )


def _draw(body: Any, fault: str) -> dict[str, Any]:
    """Answer a chat with a model that draws."""
    fields(body, image_requests.CHAT, ("model", "messages"))
    question = questions.read_chat(body)
    ratio = body.get("image_config", {}).get("aspect_ratio", "1:1")
    size = sides(image_requests.CHAT_SIZES[ratio], "image_config") or _AUTO
    references = image_requests.pictures(list(question.images)) if question.images else []
    drawn = None if fault == "empty" else answer.paint(question.text, size, references, fault)
    return bodies.chat_picture(body["model"], drawn, question, size, fault)
