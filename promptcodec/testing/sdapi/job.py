"""What a web UI tells of the picture it draws: one at a time, others wait."""

from __future__ import annotations

import threading
import time
from datetime import datetime
from typing import Any

from PIL import Image

from promptcodec.testing.sdapi.drawing import png

_TICKS, _TICK = 150, 0.02
_PREVIEW = (64, 64)


class Job:
    """The state that ``/sdapi/v1/progress`` shows."""

    def __init__(self) -> None:
        self._queue = threading.Lock()
        self._image: Image.Image | None = None
        self._state: dict[str, Any] = {}
        self._end()

    def _end(self) -> None:
        self._state |= {"job": "", "job_count": 0, "sampling_step": 0}
        self._image = None

    def interrupt(self) -> None:
        """Stop the picture that is drawn now."""
        self._state["interrupted"] = True

    def work(self, image: Image.Image, steps: int, *, slow: bool) -> None:
        """Wait for the turn, then take as long as drawing takes; give in to an interrupt."""
        with self._queue:
            self._image = image
            self._state |= {
                "job": "scripts_txt2img",
                "job_count": 1,
                "job_no": 0,
                "job_timestamp": datetime.now().strftime("%Y%m%d%H%M%S"),  # noqa: DTZ005 - as there
                "skipped": False,
                "interrupted": False,
                "sampling_step": 0,
                "sampling_steps": steps,
            }
            for tick in range(_TICKS if slow else 0):
                if self._state["interrupted"]:
                    break
                self._state["sampling_step"] = tick * steps // _TICKS
                time.sleep(_TICK)
            self._end()

    def progress(self, *, without_image: bool) -> dict[str, Any]:
        """Give the answer of ``/sdapi/v1/progress``."""
        state: dict[str, Any] = {
            "job_timestamp": "0",
            "job_no": 0,
            "sampling_steps": 0,
            "skipped": False,
            "interrupted": False,
        }
        state |= self._state
        image = self._image
        shown = None if without_image or image is None else png(image.resize(_PREVIEW))
        done = state["sampling_step"] / max(state["sampling_steps"], 1)
        return {
            "progress": done,
            "eta_relative": 0.0,
            "state": state,
            "current_image": shown,
            "textinfo": None,
        }
