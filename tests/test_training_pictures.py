"""Pictures train a shipped table only where their source and their own licence are accepted."""

import json

import pytest

from training import generator
from training.pictures import allowed


def entry(file, source="elementary/wallpapers", licence="CC0-1.0"):
    return {"file": file, "source_repo": source, "licence": licence}


@pytest.fixture
def manifest(tmp_path):
    (tmp_path / "train").mkdir()

    def write(*entries):
        lines = "".join(f"{json.dumps(each)}\n" for each in entries)
        (tmp_path / "train" / "manifest.jsonl").write_text(lines, "utf-8")
        return tmp_path

    return write


def test_excluded_licences_are_left_out(manifest):
    odd = "MIT (repo); depicts Hatsune Miku (third-party character)"
    data = manifest(entry("b.webp"), entry("c.webp", "enslo/sd-metadata", odd), entry("a.webp"))
    assert [path.name for path in allowed(data)] == ["a.webp", "b.webp"]


def test_the_generator_is_trained_on_no_others(manifest):
    odd = "MIT (repo); depicts Hatsune Miku (third-party character)"
    data = manifest(entry("b.webp"), entry("c.webp", "enslo/sd-metadata", odd), entry("a.webp"))
    (data / "train" / "unlisted.webp").touch()
    assert {path.name for path in generator.pictures(data)} == {"a.webp", "b.webp"}


def test_unknown_licence_or_source_stops(manifest):
    with pytest.raises(ValueError, match=r"licence 'CC-BY-NC-4\.0' of b\.webp is not in allowlist"):
        allowed(manifest(entry("a.webp"), entry("b.webp", licence="CC-BY-NC-4.0")))
    with pytest.raises(ValueError, match="'someone/else' are not in allowlist"):
        allowed(manifest(entry("a.webp", "someone/else")))
