"""What the endpoints share: the kind of server, its faults, its log, the picture that is drawn."""

from __future__ import annotations

import base64
import json
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from PIL import Image

from promptcodec.testing.loopback.faults import Fault, choose_of
from promptcodec.testing.sdapi import fields, lists, orders
from promptcodec.testing.sdapi.drawing import Order, draw, png
from promptcodec.testing.sdapi.job import Job
from promptcodec.testing.sdapi.prompts import syntax_in

_NAN = (
    "A tensor with all NaNs was produced in Unet. This could be either because there's not enough precision "
    "to represent the picture, or because your video card does not support half type."
)
_BEFORE = ("loading", "missing-model", "nan-error", "queue-error")


class Service:
    """One server.

    Attributes:
        server: of SERVERS.
        calls: what was asked, in order: of each request method, path, status; of a picture more.
        faults: what goes wrong next.
        options: the settings; what a request overrides lasts only where it says so.
    """

    def __init__(self, server: str, faults: Sequence[Fault], log: Path | None, key: str) -> None:
        self.server = server
        self.faults = list(faults)
        self.key = key
        self.calls: list[dict[str, Any]] = []
        self.job = Job()
        self.options = {"samples_format": "png", "sd_model_checkpoint": lists.loaded(server)}
        self._log = log
        self._lock = threading.Lock()

    def note(self, method: str, path: str, status: int, more: dict[str, Any] | None = None) -> None:
        """Write one line of the log."""
        line = {"method": method, "path": path, "status": status, **(more or {})}
        with self._lock:
            self.calls.append(line)
            if self._log:
                with self._log.open("a", encoding="utf-8") as file:
                    file.write(json.dumps(line) + "\n")

    @property
    def pictures(self) -> list[dict[str, Any]]:
        """The calls that asked for a picture."""
        return [call for call in self.calls if "fields" in call]

    @property
    def has_controlnet(self) -> bool:
        """Whether a fault has taken it away."""
        return not any(fault.kind == "no-controlnet" for fault in self.faults)

    def fault(self, *kinds: str) -> str:
        """Give the fault of these kinds that hits now, ``""`` for none."""
        return choose_of(self.faults, set(kinds))

    def seen(self, path: str, body: Any) -> dict[str, Any]:
        """Give what the log keeps of a picture's request."""
        if not isinstance(body, dict):
            return {"fields": []}
        texts = {name: body.get(name, "") for name in ("prompt", "negative_prompt")}
        met = [syntax_in(text, self.server) for text in texts.values() if isinstance(text, str)]
        heeded = fields.known(self.server, path)
        return {
            "prompt": texts["prompt"],
            "negative": texts["negative_prompt"],
            "syntax": met[0] | {f"negative {kind}": items for kind, items in met[1].items()},
            "seed": body.get("seed"),
            "size": [
                body.get("width", body.get("width_before")),
                body.get("height", body.get("height_before")),
            ],
            "noise": body.get("denoising_strength"),
            "settings": body.get("override_settings", body.get("extra", {})),
            "fields": sorted(body),
            "ignored": sorted(set(body) - set(heeded)),
        }

    def answer(self, path: str, body: Any) -> dict[str, Any]:
        """Draw what a request asks for.

        Raises:
            RefusedError: the real server would refuse it, or a fault hits.
        """
        self._fail(self.fault(*_BEFORE))
        fields.check(self.server, path, body)
        order = orders.read(self.server, path, body, controlled=self.has_controlnet)
        if self.server in lists.WEB_UIS and body.get("override_settings_restore_afterwards") is False:
            self.options["sd_model_checkpoint"] = order.model
        image = draw(order)
        self.job.work(image, order.steps, slow=self.fault("slow") == "slow")
        wrong = self.fault(
            "nan", "empty", "bad-base64", "wrong-shape", "wrong-size", "wrong-seed", "shapeless"
        )
        if wrong == "shapeless":
            return {"result": ["ok"]}
        drawn = _spoilt(image, wrong)
        return self._reply(order, [] if drawn is None else [drawn], body, path, wrong=wrong)

    def _fail(self, fault: str) -> None:
        words = {
            "loading": (503, "Model is loading, please retry later"),
            "missing-model": (500, "Unknown checkpoint: it has gone"),
            "nan-error": (500, _NAN),
            "queue-error": (500, "CUDA out of memory. Tried to allocate 2.00 GiB"),
        }
        if fault:
            raise fields.failed(
                self.server, *words[fault], "NansException" if fault == "nan-error" else "Error"
            )

    def _reply(
        self, order: Order, images: list[str], body: dict[str, Any], path: str, *, wrong: str
    ) -> dict[str, Any]:
        seed = order.seed + (wrong == "wrong-seed")
        if self.server == "koboldcpp":
            images = images or [""]
            seed = (seed + 2**31) % 2**32 - 2**31
        if self.server == "xinference":
            return {"images": images, "info": {"created": 1_790_000_000}, "parameters": {}}
        text = f"{order.prompt}\nSteps: {order.steps}, Seed: {seed}, Size: {order.size[0]}x{order.size[1]}"
        if order.control is not None:
            text += ', ControlNet 0: "Module: none, Model: canny, Weight: 1.0"'
        if path.endswith("/control"):
            return {"images": images, "processed": [], "params": {}, "info": text}
        info = {"seed": seed, "width": order.size[0], "height": order.size[1], "infotexts": [text]}
        return {"images": images, "parameters": body, "info": json.dumps(info)}


def _spoilt(image: Image.Image, wrong: str) -> str | None:
    """Give the base64 of a picture, or of what a fault makes of it."""
    width, height = image.size
    match wrong:
        case "empty":
            return None
        case "nan":
            return png(Image.new("RGB", image.size))
        case "wrong-shape":
            return png(image.resize((width * 2, height // 2)))
        case "wrong-size":
            return png(image.resize((width // 2, height // 2)))
        case "bad-base64":
            return base64.b64encode(b"\x89PNG\r\n\x1a\n half a picture").decode()[:-3] + "*"
    return png(image)
