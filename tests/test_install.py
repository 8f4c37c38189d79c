"""Installed, editable or from a checkout: the same package, the same prompt templates."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import zipfile
from importlib.metadata import distribution
from pathlib import Path

import pytest

import promptcodec
from tests import building

ROOT = Path(__file__).resolve().parent.parent
SHOW = (
    "from promptcodec import prompts; p = prompts.load('raster-scan');"
    "print(prompts.folder()); print(p.id, p.version)"
)


def show_prompts(cwd, *first_on_path):
    env = {**os.environ, "PYTHONPATH": os.pathsep.join(map(str, first_on_path))}
    folder, prompt = subprocess.check_output(
        [sys.executable, "-c", SHOW], cwd=cwd, env=env, text=True
    ).splitlines()
    assert prompt == "raster-scan 3"
    return Path(folder)


def test_the_tests_run_against_the_installed_package():
    origin = distribution("promptcodec").read_text("direct_url.json")
    if origin and json.loads(origin).get("dir_info", {}).get("editable"):
        pytest.skip("promptcodec is installed in editable mode")
    assert "site-packages" in Path(promptcodec.__file__).parts


def test_prompts_from_the_wheel(wheel, tmp_path):
    with zipfile.ZipFile(wheel) as files:
        files.extractall(tmp_path / "site")
    # With a compiler one wheel for CPython 3.11 and all later ones, without one a wheel for every Python.
    libraries = [*(tmp_path / "site" / "promptcodec").glob("_native*.so"), *tmp_path.glob("**/_native.pyd")]
    assert wheel.name.split("-", 2)[2].startswith("cp311-abi3-" if libraries else "py3-none-any")
    assert (tmp_path / "site" / "promptcodec" / "py.typed").is_file()
    assert show_prompts(tmp_path, tmp_path / "site") == tmp_path / "site" / "promptcodec" / "_prompts"


def test_prompts_from_an_editable_install(tmp_path, monkeypatch):
    """Without the core: tests/test_native.py puts one into a tree."""
    monkeypatch.setenv("PROMPTCODEC_BUILD", "pure")
    with zipfile.ZipFile(building.build("build_editable", tmp_path)) as wheel:
        wheel.extractall(tmp_path / "site")
    (pointer,) = (tmp_path / "site").glob("*.pth")
    added = [line for line in pointer.read_text().splitlines() if not line.startswith("import ")]
    assert show_prompts(tmp_path, tmp_path / "site", *added) == ROOT / "prompts"


def test_prompts_from_a_checkout(tmp_path):
    assert show_prompts(tmp_path, ROOT) == ROOT / "prompts"


def test_an_unknown_prompt_is_named():
    from promptcodec import prompts
    from promptcodec.errors import UsageError

    with pytest.raises(UsageError, match="raster-scan"):
        prompts.load("nothing")
