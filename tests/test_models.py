"""Shipped tables: what the manifest lists loads, what was tampered with does not."""

from __future__ import annotations

import hashlib
import importlib.resources
import json

import pytest

from promptcodec import models
from promptcodec.errors import MissingError

FOLDER = importlib.resources.files(models)
TABLES = json.loads(FOLDER.joinpath("manifest.json").read_text("utf-8"))["tables"]


@pytest.fixture
def folder(tmp_path):
    data = b"\x01content"
    entry = {"file": "a.bin", "version": 1, "sha256": hashlib.sha256(data).hexdigest(), "source": "here"}
    (tmp_path / "a.bin").write_bytes(data)
    (tmp_path / "manifest.json").write_text(json.dumps({"tables": {"a": entry}}))
    return tmp_path


@pytest.mark.parametrize("name", sorted(TABLES))
def test_every_shipped_table_loads(name):
    entry = TABLES[name]
    assert set(entry) == {"file", "version", "sha256", "source"}
    content = models.load(name)
    assert bytes([entry["version"]]) + content == FOLDER.joinpath(entry["file"]).read_bytes()
    assert models.load(name) is content


def test_table_is_given_without_its_version_byte(folder):
    assert models.read(folder, "a") == b"content"


def test_tampered_table_is_refused(folder):
    (folder / "a.bin").write_bytes(b"\x01c0ntent")
    with pytest.raises(MissingError, match=r"a\.bin is not the one that was shipped; reinstall"):
        models.read(folder, "a")


def test_absent_file_names_itself_and_the_way_out(folder):
    (folder / "a.bin").unlink()
    with pytest.raises(MissingError, match=r"a\.bin is missing; reinstall"):
        models.read(folder, "a")


def test_wrong_version_byte_is_refused(folder):
    manifest = json.loads((folder / "manifest.json").read_text())
    manifest["tables"]["a"]["version"] = 2
    (folder / "manifest.json").write_text(json.dumps(manifest))
    with pytest.raises(MissingError, match="shipped"):
        models.read(folder, "a")


@pytest.mark.parametrize("manifest", [None, "", "[]", "{}", '{"tables": {"b": 1}}'])
def test_absent_name_or_broken_manifest_is_missing(folder, manifest):
    if manifest is None:
        (folder / "manifest.json").unlink()
    else:
        (folder / "manifest.json").write_text(manifest)
    with pytest.raises(MissingError, match="reinstall"):
        models.read(folder, "b")
