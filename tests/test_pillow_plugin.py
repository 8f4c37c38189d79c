"""Pillow opens streams like any other image file."""

from __future__ import annotations

import io

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

import promptcodec.pillow_plugin  # noqa: F401 - registers itself
from promptcodec import bitstream, decode, decoding, encode, reading
from promptcodec.bitstream import Part, Stream


def test_open_and_load(scene, once, tmp_path):
    data = once(encode, scene, budget=100)
    path = tmp_path / "a.pxt"
    path.write_bytes(data)
    with Image.open(path) as image:
        assert (image.format, image.size, image.mode) == ("PXT", scene.size, "RGB")
        assert image.get_format_mimetype() == "image/vnd.promptcodec"
        assert image.info["description"] == reading.inspect(data)["text"]
        assert np.array_equal(image, decode(data, generator="builtin:classical").image)
        assert image.resize((20, 10)).size == (20, 10)


def test_nothing_is_drawn_before_it_is_asked_for(scene, once, monkeypatch):
    data = once(encode, scene, budget=100)
    monkeypatch.setattr(decoding, "decode", lambda *_, **__: pytest.fail("drawn too early"))
    assert Image.open(io.BytesIO(data)).size == scene.size


def test_no_stream_and_no_picture(scene, once):
    data = once(encode, scene, budget=100)
    with pytest.raises(UnidentifiedImageError):
        Image.open(io.BytesIO(data[:-1]))
    damaged = bitstream.write(Stream(8, 8, (Part(2, b"\xff" * 9),)))
    with Image.open(io.BytesIO(damaged)) as image, pytest.raises(OSError, match="texture"):
        image.load()
