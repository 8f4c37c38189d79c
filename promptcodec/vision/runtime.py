"""Sessions of the shipped networks, which decide no bit: one a network and process, loaded on first use."""

from __future__ import annotations

import functools
import importlib.util
import multiprocessing
import os
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import numpy.typing as npt

from promptcodec import models
from promptcodec.errors import MissingError

if TYPE_CHECKING:
    import onnxruntime

Floats = npt.NDArray[np.float32]


def threads(most: int = 4) -> int:
    """Give the number of threads: ``OMP_NUM_THREADS``, 1 in a worker process, else ``most`` at most."""
    asked = os.environ.get("OMP_NUM_THREADS", "")
    if asked.isdecimal() and int(asked) > 0:
        return int(asked)
    # A pool of workers already uses every core; more threads would only wait for each other.
    return 1 if multiprocessing.parent_process() is not None else min(os.cpu_count() or 1, most)


WAY_OUT = "needs onnxruntime: `pip install onnxruntime`"


def installed() -> bool:
    """Say whether onnxruntime is there, without loading it."""
    return importlib.util.find_spec("onnxruntime") is not None


def onnx(purpose: str) -> Any:
    """Give the module onnxruntime, told to report to nobody and so to start no threads of its own.

    Args:
        purpose: what it is needed for, for the message.

    Raises:
        MissingError: it is not installed, or cannot be loaded.
    """
    os.environ.setdefault("ORT_DISABLE_TELEMETRY", "1")  # heard once, while it is imported
    try:
        import onnxruntime  # noqa: PLC0415 - heavy
    except ModuleNotFoundError as error:
        raise MissingError(f"{purpose} needs {error.name}: `pip install {error.name}`") from error
    except ImportError as error:  # it is there, but broken or for another system
        raise MissingError(f"{purpose} needs onnxruntime, which cannot be loaded: {error}") from error
    return onnxruntime


@functools.cache
def session(table: str) -> onnxruntime.InferenceSession:
    """Load a network, for one thread where nobody asks for more: with one its process may be forked.

    Args:
        table: its name in the manifest, such as ``lite0-1``.

    Raises:
        MissingError: as ``onnx``, or the file is not the one that was shipped.
    """
    return load(table, {}, "looking at pictures")


def load(table: str, weights: Mapping[str, Floats], purpose: str) -> onnxruntime.InferenceSession:
    """Load a network whose file leaves out some of its weights.

    Args:
        table: its name in the manifest.
        weights: those that the file leaves out, by their names there.
        purpose: as for ``onnx``.

    Raises:
        MissingError: as ``session``.
    """
    # Not ``models.load``: the session has the weights, and the file's bytes need not stay beside them.
    model = models.read(Path(models.__file__).parent, table)
    # These are small: a second thread costs twice the work for a tenth less of waiting.
    return open_session(model, purpose, threads(1), weights)


def open_session(
    model: bytes, purpose: str, count: int, weights: Mapping[str, Floats] | None = None
) -> onnxruntime.InferenceSession:
    """Open the network of a file, for ``count`` threads; purpose and errors are as for ``onnx``."""
    runtime = onnx(purpose)
    options: Any = runtime.SessionOptions()
    options.intra_op_num_threads = count
    options.inter_op_num_threads = 1
    options.log_severity_level = 3
    # What the arena keeps would be there beside every picture; without it nothing is slower.
    options.enable_cpu_mem_arena = False
    if weights:
        values = [runtime.OrtValue.ortvalue_from_numpy(weight) for weight in weights.values()]
        options.add_external_initializers(list(weights), values)
    return runtime.InferenceSession(model, options, providers=["CPUExecutionProvider"])
