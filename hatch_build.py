"""Builds the compiled core into the wheel, where there is a C compiler; else the wheel is pure Python.

PROMPTCODEC_BUILD=pure leaves the core out, PROMPTCODEC_BUILD=native fails where it cannot be compiled.
``python hatch_build.py`` builds it into this tree, as an editable installation does.
"""

from __future__ import annotations

import hashlib
import os
import platform
import shutil
import sys
import sysconfig
import tempfile
from pathlib import Path
from typing import Any

from hatchling.builders.hooks.plugin.interface import BuildHookInterface

ROOT = Path(__file__).parent
CHOICES = ("", "pure", "native")


class CompiledCore(BuildHookInterface):  # type: ignore[type-arg]
    """Adds the library to a wheel, or puts it into the tree for an editable one."""

    PLUGIN_NAME = "custom"

    def initialize(self, version: str, build_data: dict[str, Any]) -> None:
        """Compile, and say of the wheel what it holds."""
        self._folder = Path(tempfile.mkdtemp(prefix="promptcodec-"))
        library = core(self._folder)
        if library is None:
            return
        if version == "editable":
            put_into_tree(library)
        else:
            build_data["force_include"][str(library)] = f"promptcodec/{library.name}"
        build_data["pure_python"] = False
        system = sysconfig.get_platform().replace("-", "_").replace(".", "_")
        build_data["tag"] = f"cp311-abi3-{system}"

    def finalize(self, version: str, build_data: dict[str, Any], artifact_path: str) -> None:
        """Tidy up."""
        shutil.rmtree(self._folder, ignore_errors=True)


def core(folder: Path) -> Path | None:
    """Compile the core into ``folder``; None where it is not wanted, or cannot be and need not."""
    wanted = os.environ.get("PROMPTCODEC_BUILD", "")
    if wanted not in CHOICES:
        raise SystemExit(f"PROMPTCODEC_BUILD is {wanted!r}; it may be pure or native, or not be set")
    if wanted == "pure":
        return None
    if platform.python_implementation() != "CPython" or sysconfig.get_config_var("Py_GIL_DISABLED"):
        # The stable ABI is of CPython with its lock.
        problem: object = "this Python has no stable ABI"
    else:
        try:
            return _compile(folder)
        except Exception as error:  # noqa: BLE001 - whatever it is: the package works without the core
            problem = error
    if wanted == "native":
        raise SystemExit(f"the compiled core cannot be built: {problem}")
    print(  # noqa: T201
        f"promptcodec: no compiled core ({problem}); the pure Python core is slower and does the same",
        file=sys.stderr,
    )
    return None


def _compile(folder: Path) -> Path:
    from setuptools import Distribution, Extension  # noqa: PLC0415 - may be absent without build isolation
    from setuptools.command.build_ext import build_ext  # noqa: PLC0415

    stamp = folder / "stamp.c"
    stamp.write_text(f'const char px_sources[] = "{sources()}";\n')
    extension = Extension(
        "promptcodec._native",
        [str(stamp), *sorted(str(path) for path in (ROOT / "native").glob("*.c"))],
        depends=sorted(str(path) for path in (ROOT / "native").glob("*.h")),
        extra_compile_args=["/O2", "/std:c11"] if os.name == "nt" else ["-O3", "-g0", "-std=c11"],
        py_limited_api=True,
    )
    command = build_ext(Distribution({"name": "promptcodec", "ext_modules": [extension]}))
    command.build_lib, command.build_temp = str(folder / "lib"), str(folder / "temp")
    command.ensure_finalized()
    command.run()
    return Path(command.get_outputs()[0])


def sources() -> str:
    """Give the SHA-256 of the core's sources: tests tell by it whether a library is theirs."""
    files = sorted((ROOT / "native").glob("*.[ch]"))
    return hashlib.sha256(b"\0".join(path.read_bytes() for path in files)).hexdigest()


def put_into_tree(library: Path) -> None:
    """Put a library beside its modules; one that is in use must not change, so it is replaced whole."""
    target = ROOT / "promptcodec" / library.name
    unfinished = target.with_name(f"{target.name}.{os.getpid()}")
    shutil.copy2(library, unfinished)
    unfinished.replace(target)


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as temporary:
        built = core(Path(temporary))
        if built is not None:
            put_into_tree(built)
