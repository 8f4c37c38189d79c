"""Sessions of the shipped networks, which decide no bit: one a network and process, loaded on first use."""

from __future__ import annotations

import functools
import multiprocessing
import os
from typing import TYPE_CHECKING, Any

from promptcodec import models
from promptcodec.errors import MissingError

if TYPE_CHECKING:
    import onnxruntime


def threads() -> int:
    """Give the number of threads to run on: ``OMP_NUM_THREADS``, 1 in a worker process, else 4 at most."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    # A pool of workers already uses every core; more threads would only wait for each other.
    return 1 if multiprocessing.parent_process() is not None else min(os.cpu_count() or 1, 4)


@functools.cache
def session(table: str) -> onnxruntime.InferenceSession:
    """Load a network.

    Args:
        table: its name in the manifest, such as ``lite0-1``.

    Raises:
        MissingError: onnxruntime is not installed, or the file is not the one that was shipped.
    """
    try:
        import onnxruntime as runtime  # noqa: PLC0415 - heavy
    except ModuleNotFoundError as error:
        raise MissingError("looking at pictures needs onnxruntime: `pip install onnxruntime`") from error
    except ImportError as error:  # it is there: broken, for another system, or interrupted
        raise MissingError(f"onnxruntime cannot be loaded: {error}") from error
    options: Any = runtime.SessionOptions()
    options.intra_op_num_threads = threads()
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    return runtime.InferenceSession(models.load(table), options, providers=["CPUExecutionProvider"])
