"""The endpoints of a ComfyUI server, as a Starlette application; each is also there under ``/api``."""

from __future__ import annotations

import contextlib
import json
import threading
import uuid
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

from starlette.applications import Starlette
from starlette.datastructures import UploadFile
from starlette.requests import Request
from starlette.responses import HTMLResponse, JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from promptcodec.testing.comfyui.faults import Faults
from promptcodec.testing.comfyui.files import Files
from promptcodec.testing.comfyui.nodes import NODES
from promptcodec.testing.comfyui.queue import Job, Queue
from promptcodec.testing.comfyui.validate import is_id, validate
from promptcodec.testing.loopback.responses import BrokenResponse

VERSION = "0.3.76"
Answer = Response | BrokenResponse


def make(faults: Faults, log: Path | None, key: str, *, jobs: bool) -> Starlette:
    """Make the application; see ``serve`` for the arguments."""
    service = _Service(faults, log, jobs=jobs)

    @contextlib.asynccontextmanager
    async def life(_app: Starlette) -> AsyncIterator[None]:
        service.queue.start()
        yield
        service.queue.close()

    def endpoint(work: Callable[[Request], Awaitable[Answer]]) -> Callable[[Request], Awaitable[Any]]:
        async def run(request: Request) -> Answer:
            response: Answer
            if key and request.headers.get("authorization") != f"Bearer {key}":
                response = PlainTextResponse("401: Unauthorized", 401)
            elif faults.has("html"):
                response = HTMLResponse("<!doctype html><title>Another server</title>")
            else:
                response = await work(request)
            service.note(method=request.method, path=request.url.path, status=response.status_code)
            return response

        return run

    routes = [
        Route(prefix + path, endpoint(work), methods=[method])
        for method, path, work in service.routes()
        for prefix in ("", "/api")
    ]
    if jobs:
        routes += [Route(p, endpoint(w), methods=[m]) for m, p, w in service.job_routes()]
    # The pages of the interface: of what is not there the real one answers in plain text, not in JSON.
    routes.append(Route("/{rest:path}", endpoint(_nothing), methods=["GET"]))
    return Starlette(routes=routes, lifespan=life)


async def _nothing(_request: Request) -> Answer:
    return PlainTextResponse("404: Not Found", 404)


class _Service:
    """What the endpoints share."""

    def __init__(self, faults: Faults, log: Path | None, *, jobs: bool) -> None:
        self.faults = faults
        self.nodes = {name: node for name, node in NODES.items() if name != faults.argument("missing-node")}
        if faults.has("missing-model"):
            self.nodes["CheckpointLoaderSimple"] = replace(
                NODES["CheckpointLoaderSimple"], required={"ckpt_name": ([],)}
            )
        self.files = Files()
        self._log, self._lock = log, threading.Lock()
        self.queue = Queue(
            self.nodes, self.files, faults, lambda name, event: self.note(job=name, event=event)
        )
        self._number = 0
        self._strict_ids = jobs  # both came with newer servers

    def note(self, **line: Any) -> None:
        """Write one line of the log."""
        if self._log:
            with self._lock, self._log.open("a", encoding="utf-8") as file:
                file.write(json.dumps(line) + "\n")

    def routes(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Answer]]]]:
        """Give method, path and work of the endpoints that every server has."""
        return [
            ("GET", "/system_stats", self.stats),
            ("GET", "/object_info", self.object_info),
            ("GET", "/object_info/{name}", self.object_info),
            ("POST", "/upload/image", self.upload),
            ("GET", "/view", self.view),
            ("POST", "/prompt", self.prompt),
            ("GET", "/queue", self.queue_shown),
            ("POST", "/queue", self.queue_changed),
            ("POST", "/interrupt", self.interrupt),
            ("GET", "/history/{name}", self.history),
        ]

    def job_routes(self) -> list[tuple[str, str, Callable[[Request], Awaitable[Answer]]]]:
        """Give those that newer servers have."""
        return [
            ("GET", "/api/jobs", self.jobs),
            ("GET", "/api/jobs/{name}", self.job),
            ("POST", "/api/jobs/{name}/cancel", self.cancel),
        ]

    async def stats(self, request: Request) -> Answer:
        """Say what the server is."""
        system = {"os": "posix", "comfyui_version": VERSION, "python_version": "3", "argv": ["main.py"]}
        return JSONResponse({"system": system, "devices": [{"name": "cpu", "type": "cpu", "index": None}]})

    async def object_info(self, request: Request) -> Answer:
        """Say what every node takes, or one."""
        one = request.path_params.get("name")
        nodes = self.nodes if one is None else {one: self.nodes[one]} if one in self.nodes else {}
        return JSONResponse({name: node.info(name) for name, node in nodes.items()})

    async def upload(self, request: Request) -> Answer:
        """Keep a picture."""
        async with request.form() as form:
            image, kind, subfolder = form.get("image"), form.get("type", "input"), form.get("subfolder", "")
            if not isinstance(image, UploadFile) or kind not in {"input", "temp", "output"}:
                return Response(status_code=400)
            try:
                self.files.put(str(kind), str(subfolder), image.filename or "", await image.read())
            except ValueError:
                return Response(status_code=400)
            return JSONResponse({"name": image.filename, "subfolder": subfolder, "type": kind})

    async def view(self, request: Request) -> Answer:
        """Give a picture."""
        query = request.query_params
        name = query.get("filename", "")
        if not name or name[0] == "/" or ".." in name:
            return Response(status_code=400)
        data = self.files.get(query.get("type", "output"), query.get("subfolder", ""), name)
        return Response(status_code=404) if data is None else Response(data, media_type="image/png")

    async def prompt(self, request: Request) -> Answer:
        """Check a graph and queue it."""
        body = await request.json()
        if "prompt" not in body:
            error = {"type": "no_prompt", "message": "No prompt provided", "details": "", "extra_info": {}}
            return JSONResponse({"error": error, "node_errors": {}}, 400)
        name = body.get("prompt_id") or str(uuid.uuid4())
        if self._strict_ids and not is_id(name):
            error = {"type": "invalid_prompt_id", "message": "prompt_id must be a valid UUID", "details": ""}
            return JSONResponse({"error": error, "node_errors": {}}, 400)
        verdict = validate(body["prompt"], self.nodes, self.files.is_upload)
        if verdict.error:
            return JSONResponse({"error": verdict.error, "node_errors": verdict.node_errors}, 400)
        node_errors = verdict.node_errors
        if self.faults.strike("node-errors-200"):
            kind = {"type": "value_not_in_list", "message": "Value not in list", "details": "ckpt_name"}
            one = {"errors": [kind], "dependent_outputs": ["9"], "class_type": "CheckpointLoaderSimple"}
            node_errors = {"4": one}
        self._number += 1
        extra = {**body.get("extra_data", {}), "client_id": body.get("client_id")}
        self.queue.put(Job(self._number, name, body["prompt"], extra, verdict.outputs))
        return JSONResponse({"prompt_id": name, "number": self._number, "node_errors": node_errors})

    async def queue_shown(self, request: Request) -> Answer:
        """Show who runs and who waits; the latter in no order."""
        with self.queue.lock:
            running = [self.queue.running.shown()] if self.queue.running else []
            pending = [job.shown() for job in reversed(self.queue.pending)]
        return self._about_a_job({"queue_running": running, "queue_pending": pending})

    async def queue_changed(self, request: Request) -> Answer:
        """Take jobs out."""
        for name in (await request.json()).get("delete", []):
            self.queue.delete(name)
        return Response()

    async def interrupt(self, request: Request) -> Answer:
        """End the job that runs; only newer servers look which was meant."""
        body = json.loads(await request.body() or b"{}")
        self.queue.interrupt(body.get("prompt_id", "") if self._strict_ids else "")
        return Response()

    async def history(self, request: Request) -> Answer:
        """Say what came of a job: nothing at all while it waits or runs."""
        name = request.path_params["name"]
        with self.queue.lock:
            entry = self.queue.history.get(name)
        return self._about_a_job({name: entry} if entry else {})

    async def jobs(self, request: Request) -> Answer:
        """List jobs."""
        with self.queue.lock:
            names = [*self.queue.history, *(job.name for job in self.queue.pending)]
        shown = [{"id": name} for name in names]
        return JSONResponse({"jobs": shown[: int(request.query_params.get("limit", 100))], "pagination": {}})

    async def job(self, request: Request) -> Answer:
        """Say how far a job is."""
        name = request.path_params["name"]
        with self.queue.lock:
            entry = self.queue.history.get(name)
            runs = self.queue.running is not None and self.queue.running.name == name
            waits = any(job.name == name for job in self.queue.pending)
        if entry:
            return self._about_a_job(_finished(name, entry))
        if runs or waits:
            return self._about_a_job({"id": name, "status": "in_progress" if runs else "pending"})
        return JSONResponse({"error": "Job not found"}, 404)

    async def cancel(self, request: Request) -> Answer:
        """End a job, wherever it is."""
        name = request.path_params["name"]
        return JSONResponse({"cancelled": self.queue.interrupt(name) or self.queue.delete(name)})

    def _about_a_job(self, value: Any) -> Answer:
        if self.faults.strike("disconnect"):
            return BrokenResponse(json.dumps(value).encode())
        return JSONResponse(value)


def _finished(name: str, entry: dict[str, Any]) -> dict[str, Any]:
    """Give what a newer server says of a job that is done."""
    messages = dict(entry["status"]["messages"])
    failed = "cancelled" if "execution_interrupted" in messages else "failed"
    about = {
        "id": name,
        "status": "completed" if entry["status"]["status_str"] == "success" else failed,
        "outputs": entry["outputs"],
        "outputs_count": sum(len(shown["images"]) for shown in entry["outputs"].values()),
        "execution_status": entry["status"],
        "workflow": {"prompt": entry["prompt"][2], "extra_data": entry["prompt"][3]},
    }
    error = messages.get("execution_error")
    return {**about, "execution_error": error} if error else about
