"""The library's face: what it exports, what it takes for an image, what it gives back."""

from __future__ import annotations

import dataclasses
import inspect
import io
import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

import promptcodec
from promptcodec import bitstream, decoding, plugins, reading
from promptcodec.bitstream import Part, Stream
from promptcodec.encoding import encode_full, estimate
from promptcodec.entropy import encode_text
from promptcodec.errors import BudgetError, NewerError, PromptcodecError, UsageError
from promptcodec.layers import texture
from promptcodec.layers.parts import payload_of, rank
from promptcodec.layers.registry import LAYERS, NAMES, PART_IDS
from promptcodec.settings import EncodeSettings

WORDS = {"layers": ("semantic",), "budget": 60}


def test_what_it_exports_is_there_and_shown():
    assert dir(promptcodec) == sorted(promptcodec.__all__)
    for name in promptcodec.__all__:
        assert getattr(promptcodec, name) is not None
    errors = [getattr(promptcodec, name) for name in promptcodec.__all__ if name.endswith("Error")]
    assert len(errors) > 10
    assert all(issubclass(error, PromptcodecError) for error in errors)
    assert not hasattr(promptcodec, "compress")


def test_encode_takes_what_the_settings_hold():
    taken = list(inspect.signature(promptcodec.encode).parameters.values())[1:]
    held = dataclasses.fields(EncodeSettings)
    assert [(each.name, each.default) for each in taken] == [(each.name, each.default) for each in held]


def test_importing_it_is_light():
    code = (
        "import promptcodec, sys; print(sorted({'numpy', 'PIL', 'click', 'onnxruntime'} & set(sys.modules)))"
    )
    shown = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    assert shown == "[]\n"


def test_every_kind_of_image_gives_the_same_stream(scene, tmp_path):
    path = tmp_path / "scene.png"
    scene.save(path)
    data = path.read_bytes()
    kinds = [
        scene,
        path,
        str(path),
        data,
        bytearray(data),
        memoryview(data),
        io.BytesIO(data),
        np.asarray(scene),
    ]
    assert len({promptcodec.encode(kind, **WORDS) for kind in kinds}) == 1
    with path.open("rb") as file:
        assert promptcodec.describe(file, grid=(2, 3)) == promptcodec.describe(scene, grid=(2, 3))


def test_arrays_are_read_as_pillow_reads_them(scene):
    clear = np.dstack([np.asarray(scene), np.full(scene.size[::-1], 90, np.uint8)])
    grey = np.asarray(scene.convert("L"))
    for array, image in ((clear, Image.fromarray(clear)), (grey, scene.convert("L"))):
        assert promptcodec.encode(array, **WORDS) == promptcodec.encode(image, **WORDS)


@pytest.mark.parametrize(
    "image",
    [
        None,
        7,
        [[1, 2]],
        io.StringIO("x"),
        np.zeros((4, 4, 3)),
        np.zeros((4, 4, 2), np.uint8),
        np.zeros(4, np.uint8),
    ],
    ids=["none", "number", "list", "text file", "floats", "two channels", "a row"],
)
def test_anything_else_is_a_type_error_that_says_what_is_taken(image):
    for work in (promptcodec.encode, promptcodec.describe):
        with pytest.raises(TypeError, match=r"Pillow image, a path, .*uint8"):
            work(image)


def test_what_is_known_is_given_back_without_reading_the_stream_again(scene, monkeypatch):
    monkeypatch.setattr(bitstream, "read", None)
    encoded = encode_full(scene, EncodeSettings(budget=90))
    monkeypatch.undo()
    assert encoded.outline == reading.outline(encoded.data)
    assert encoded.data == promptcodec.encode(scene, budget=90)


def test_decoding_parses_once_and_makes_its_checks_once(scene, monkeypatch):
    stream = promptcodec.encode(scene, **WORDS)
    calls = []
    for module, name in ((bitstream, "read"), (plugins, "create")):
        real = getattr(module, name)

        def counted(*args, real=real, name=name, **options):
            calls.append((name, args[0] if name == "create" else ""))
            return real(*args, **options)

        monkeypatch.setattr(module, name, counted)
    report = promptcodec.decode(stream, best_of=3, generator="builtin:classical").report
    assert len(report.candidates) == 3
    assert calls.count(("read", "")) == 1
    assert calls.count(("create", "checks")) == len(plugins.installed("checks"))


def test_the_bare_form_passes_through(scene):
    whole, bare = (promptcodec.encode(scene, layers=("semantic",), bare=bare) for bare in (False, True))
    assert whole[3:-2] == bare
    assert promptcodec.inspect(bare, bare=True)["text"] == promptcodec.inspect(whole)["text"]
    assert promptcodec.verify(bare, bare=True)["bytes"] == len(bare)
    drawn = [promptcodec.decode(data, bare=is_bare).image for data, is_bare in ((whole, False), (bare, True))]
    assert drawn[0].tobytes() == drawn[1].tobytes()
    assert promptcodec.check(bare, drawn[1], bare=True).verdict == "pass"
    for budget in (40, 90):
        longer, shorter = (promptcodec.encode(scene, budget=budget + more, bare=not more) for more in (5, 0))
        assert longer[3:-2] == shorter  # five bytes less around it are five more for what is in it
        assert len(shorter) <= budget
    with pytest.raises(BudgetError):
        promptcodec.encode(scene, budget=6, bare=True)


@pytest.mark.parametrize(
    ("name", "payload"),
    [
        ("pixels", b"\x09..."), ("structure", b"\xc0..."), ("semantic", b"\x3d..."), ("recipe", b"\2..."),
        ("recipe", b"\1\0\x3d..."),
    ],
)  # fmt: skip
def test_a_part_that_needs_a_newer_reader_is_left_out_and_never_called_damaged(scene, once, name, payload):
    stream = bitstream.read(once(promptcodec.encode, scene, layers=("texture",), budget=64))
    newer = Part(PART_IDS[name], payload)
    parts = tuple(sorted((*stream.parts, newer), key=rank))
    data = bitstream.write(Stream(stream.width, stream.height, parts))
    report = promptcodec.decode(data).report
    assert report.layers == ("texture",)
    assert [f"the {name} part" in notice.text for notice in report.warnings] == [True]
    assert promptcodec.check(data, scene).warnings == report.warnings
    shown = promptcodec.inspect(data)
    assert shown["description"] is None
    own = texture.coder_name(payload_of(stream.parts[0]))
    assert {part["type"]: part["coder"] for part in shown["parts"]} == {"texture": own, name: "unknown"}
    with pytest.raises(NewerError, match="needs a newer reader") as caught:
        promptcodec.verify(data)
    assert "damaged" not in str(caught.value)
    for work in (promptcodec.decode, lambda alone: promptcodec.check(alone, scene)):
        with pytest.raises(NewerError, match="needs a newer reader"):
            work(bitstream.write(Stream(8, 8, (newer,))))


def test_check_and_preview_say_which_part_they_did_not_compare_or_draw(cli, scene, once, tmp_path):
    stream = bitstream.read(once(promptcodec.encode, scene, layers=("texture",), budget=64))
    parts = (*stream.parts, Part(PART_IDS["structure"], b"\xc0..."))
    (tmp_path / "a.pxt").write_bytes(bitstream.write(Stream(stream.width, stream.height, parts)))
    scene.save(tmp_path / "a.png")
    calls = (
        ("check", "a.pxt", "a.png"),
        ("edit", "a.pxt", "-o", "b.pxt", "--recolour", "0,0,40,40", "red", "--preview", "b.png"),
    )
    for call in calls:
        code, out, err = cli(*call, "--json")
        assert code == 0
        assert "a.pxt: the structure part at byte" in err
        assert "needs a newer reader" in err
        assert "score" in json.loads(out) or json.loads(out)["warnings"] == []


@pytest.mark.parametrize("number", [PART_IDS["about"], 40])
def test_a_stream_without_layers_cannot_be_drawn_or_checked(scene, number):
    data = bitstream.write(Stream(8, 8, (Part(number, encode_text("seed: 7")),)))
    with pytest.raises(UsageError, match="has none of the layers asked for; it has "):
        promptcodec.decode(data)
    with pytest.raises(UsageError, match="holds nothing that a picture could be checked against"):
        promptcodec.check(data, scene)


def test_a_damaged_part_is_no_newer_one(scene, once):
    stream = bitstream.read(once(promptcodec.encode, scene, layers=("texture",), budget=64))
    parts = (Part(PART_IDS["semantic"], b"\x00\xff\xfe"), *stream.parts)
    data = bitstream.write(Stream(stream.width, stream.height, parts))
    for work in (promptcodec.decode, promptcodec.verify, promptcodec.inspect):
        with pytest.raises(PromptcodecError) as caught:
            work(data)
        assert not isinstance(caught.value, NewerError)


def test_every_row_of_the_table_of_layers_has_its_functions():
    numbers = [layer.id for layer in LAYERS]
    assert numbers == sorted(set(numbers))
    assert tuple(layer.name for layer in LAYERS if layer.selectable) == NAMES
    for layer in LAYERS:
        functions = layer._functions
        names = ["encode_part", "decode_part", "coder_name"] + ["show_part"] * layer.shown
        assert all(callable(getattr(functions, name)) for name in names)


def test_an_estimate_without_a_hosted_captioner_is_nothing(scene):
    assert estimate(scene, EncodeSettings(budget=90)).requests == (0, 0)


def test_conditions_are_what_a_generator_is_told(scene):
    stream = promptcodec.encode(scene, budget=120, seed=7)
    conditions = decoding.conditions(stream, size=(30, 20), layers=("texture",))
    assert (conditions.size, conditions.seed, conditions.description) == ((30, 20), 7, None)
    assert conditions.texture.size == (30, 20)
