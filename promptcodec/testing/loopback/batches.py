"""Files and batches: lines of requests, answered in any order in the background."""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable
from typing import Any

from promptcodec.testing.loopback.rules import BadRequestError, Rule, among, kind

REQUEST: dict[str, Rule] = {
    "input_file_id": kind(str),
    "endpoint": among("/v1/responses", "/v1/chat/completions", "/v1/images/generations", "/v1/images/edits"),
    "completion_window": among("24h"),
    "metadata": kind(dict),
}
_MOST_LINES = 50_000


class Batches:
    """Keeps files and runs batches; ``answer`` takes the path and the body of a request."""

    def __init__(self, answer: Callable[[str, Any], dict[str, Any]]) -> None:
        self._answer = answer
        self._files: dict[str, bytes] = {}
        self._states: dict[str, dict[str, Any]] = {}

    def keep(self, data: bytes) -> dict[str, Any]:
        """Keep a file; give its object."""
        name = f"file-{uuid.uuid4().hex}"
        self._files[name] = data
        return self.file(name)

    def file(self, name: str) -> dict[str, Any]:
        """Give the object of a file."""
        return {
            "id": name,
            "object": "file",
            "bytes": len(self._data_of(name)),
            "created_at": int(time.time()),
            "filename": f"{name}.jsonl",
            "purpose": "batch",
            "status": "processed",
        }

    def content(self, name: str) -> str:
        """Give a file's text."""
        return self._data_of(name).decode()

    def _data_of(self, name: str) -> bytes:
        if name not in self._files:
            raise BadRequestError(f"No such File object: {name}", "id", None, 404)
        return self._files[name]

    def start(self, name: str, endpoint: str) -> dict[str, Any]:
        """Check a file of requests and begin to answer it; give the batch's object."""
        lines = self._data_of(name).decode().splitlines()
        if not 1 <= len(lines) <= _MOST_LINES:
            raise BadRequestError(f"A batch has 1 to {_MOST_LINES} lines.", "input_file_id", "invalid_value")
        try:
            requests = [json.loads(line) for line in lines]
            names = [request["custom_id"] for request in requests]
            paths = {
                request["url"] for request in requests if request["method"] == "POST" and request["body"]
            }
        except (ValueError, KeyError, TypeError):
            raise BadRequestError(
                "Each line is a JSON object with custom_id, method, url and body.",
                "input_file_id",
                "invalid_value",
            ) from None
        if paths != {endpoint} or len(set(names)) < len(names):
            raise BadRequestError(
                "Every line must POST to the batch's endpoint, under a custom_id of its own.",
                "input_file_id",
                "invalid_value",
            )
        batch: dict[str, Any] = {
            "id": f"batch_{uuid.uuid4().hex}",
            "object": "batch",
            "endpoint": endpoint,
            "input_file_id": name,
            "completion_window": "24h",
            "status": "in_progress",
            "created_at": int(time.time()),
            "output_file_id": None,
            "error_file_id": None,
            "request_counts": {"total": len(lines), "completed": 0, "failed": 0},
        }
        self._states[batch["id"]] = batch
        threading.Thread(target=self._run, args=(batch, requests), daemon=True).start()
        return dict(batch)

    def _run(self, batch: dict[str, Any], requests: list[dict[str, Any]]) -> None:
        done, failed = [], []
        for request in reversed(requests):  # any order is allowed; this one no caller expects
            line = {"id": f"batch_req_{uuid.uuid4().hex}", "custom_id": request["custom_id"], "error": None}
            try:
                body = self._answer(batch["endpoint"], request["body"])
                done.append(line | {"response": {"status_code": 200, "request_id": line["id"], "body": body}})
            except BadRequestError as error:
                value = {"error": {"message": error.message, "param": error.param, "code": error.code}}
                failed.append(line | {"response": {"status_code": error.status, "body": value}})
            batch["request_counts"] = {"total": len(requests), "completed": len(done), "failed": len(failed)}
        for key, lines in (("output_file_id", done), ("error_file_id", failed)):
            if lines:
                batch[key] = self.keep("".join(json.dumps(line) + "\n" for line in lines).encode())["id"]
        batch["status"] = "completed"

    def state(self, name: str) -> dict[str, Any]:
        """Give a batch's object."""
        if name not in self._states:
            raise BadRequestError(f"No batch found with id '{name}'.", "id", None, 404)
        return dict(self._states[name])
