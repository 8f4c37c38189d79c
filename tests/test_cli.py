"""The command line: keys, exit codes, files, standard streams."""

from __future__ import annotations

import contextlib
import functools
import io
import json
import os
import subprocess
import sys
from types import SimpleNamespace
from unittest import mock

import pytest
from PIL import Image

from promptcodec import decoding, encoding
from promptcodec.checks import score
from promptcodec.cli import main
from promptcodec.cli.demo import likeness
from promptcodec.generators.builtin import variants

ENCODE_KEYS = {
    "file", "out", "ok", "bytes", "width", "height", "original_width", "original_height", "bpp", "parts",
    "seconds",
}  # fmt: skip
DECODE_KEYS = {"file", "out", "ok", "width", "height", "generator", "layers", "seed", "seconds", "check"}
INSPECT_KEYS = {
    "file", "ok", "version", "width", "height", "original_width", "original_height", "bytes", "bpp",
    "overhead_bytes", "parts", "description", "text", "recipe",
}  # fmt: skip
CHECK_KEYS = {"score", "verdict", "threshold", "compared", "aims", "fields"}
AIMS = {"features", "geometry", "photometry", "style", "semantics", "integrity"}


def run(*args, stdin=b"", cwd=".", code=0):
    """Run the command line in this process, with standard streams of its own."""
    streams = [io.TextIOWrapper(io.BytesIO(data), "utf-8") for data in (stdin, b"", b"")]
    with (
        contextlib.chdir(cwd),
        mock.patch.multiple(sys, argv=["promptcodec", *map(str, args)], stdin=streams[0]),
        contextlib.redirect_stdout(streams[1]),
        contextlib.redirect_stderr(streams[2]),
        pytest.raises(SystemExit) as stopped,
    ):
        main()
    for stream in streams[1:]:
        stream.flush()
    out, err = (stream.buffer.getvalue() for stream in streams[1:])
    assert (stopped.value.code or 0) == code, err.decode()
    assert b"Traceback" not in err
    return SimpleNamespace(stdout=out, stderr=err)


def json_lines(result):
    return [json.loads(line) for line in result.stdout.decode("ascii").splitlines()]


@pytest.fixture(scope="module")
def files(tmp_path_factory, scene):
    """A folder with a picture, its streams, and pictures in a folder below."""
    folder = tmp_path_factory.mktemp("cli")
    scene.save(folder / "a.png")
    (folder / "in" / "deep").mkdir(parents=True)
    scene.save(folder / "in" / "one.png")
    scene.rotate(180).save(folder / "in" / "deep" / "two.JPG", "JPEG")
    run("encode", folder / "a.png", "-o", folder / "a.pxt", "--budget", "150B")
    return folder


def test_encode_keys(files):
    out = files / "keys.pxt"
    result = run(
        "encode", files / "a.png", "-o", out, "--json", "--layers", "semantic,texture,signature",
        "--bpp", "0.05",
    )  # fmt: skip
    (line,) = json_lines(result)
    assert set(line) == ENCODE_KEYS
    assert (line["ok"], line["width"], line["height"]) == (True, 192, 128)
    assert line["bytes"] == out.stat().st_size
    assert line["bpp"] == pytest.approx(line["bytes"] * 8 / (192 * 128))
    assert [set(part) for part in line["parts"]] == [{"type", "coder", "bytes"}] * 3
    assert [part["type"] for part in line["parts"]] == ["semantic", "texture", "signature"]


def test_decode_keys_and_provenance(files):
    out = files / "again.png"
    (line,) = json_lines(run("decode", files / "a.pxt", "-o", out, "--json", "--check", "--seed", "7"))
    assert set(line) == DECODE_KEYS
    assert (line["generator"], line["layers"], line["seed"]) == (
        f"builtin:{variants()[0]}",
        ["semantic", "texture"],
        7,
    )
    assert set(line["check"]) == CHECK_KEYS
    with Image.open(out) as image:
        assert image.size == (192, 128)
        assert json.loads(image.text["promptcodec"])["seed"] == 7
        assert "digitalsourcetype/trainedAlgorithmicMedia" in image.text["XML:com.adobe.xmp"]
        assert "parameters" not in image.text


def test_inspect_keys_add_up(files):
    (line,) = json_lines(run("inspect", files / "a.pxt", "--json"))
    assert set(line) == INSPECT_KEYS
    assert all(set(part) == {"type", "critical", "coder", "offset", "bytes"} for part in line["parts"])
    size = (files / "a.pxt").stat().st_size
    assert (
        line["overhead_bytes"] + sum(part["bytes"] for part in line["parts"]) == size == line["bytes"] <= 150
    )
    assert line["text"].startswith(f"{line['description']['medium']} ")


def test_describe_text_becomes_a_stream_again(files):
    text = run("describe", files / "a.png", "--grid", "2x3").stdout.decode()
    (value,) = json_lines(run("describe", files / "a.png", "--grid", "2x3", "--json"))
    assert (value["rows"], value["cols"]) == (2, 3)
    (files / "d.txt").write_text(text)
    assert (value["file"], value["ok"]) == (str(files / "a.png"), True)
    (files / "d.json").write_text(json.dumps(value))
    for name in ("d.txt", "d.json"):
        out = files / f"{name}.pxt"
        run("encode", files / "a.png", "-o", out, "--description", files / name, "--layers", "semantic")
        (line,) = json_lines(run("inspect", out, "--json"))
        assert line["text"] == text.rstrip("\n")
        assert line["description"] == {key: value[key] for key in value if key not in ("file", "ok")}


def test_check_keys_and_exit_codes(files):
    run("decode", files / "a.pxt", "-o", files / "same.png")
    (line,) = json_lines(run("check", files / "a.pxt", files / "same.png", "--json"))
    assert set(line) == CHECK_KEYS | {"file", "image", "ok"}
    assert (line["file"], line["ok"]) == (str(files / "a.pxt"), True)
    assert line["verdict"] == "pass"
    assert (line["compared"], line["threshold"]) == (["words", "texture layer"], score.shipped().threshold)
    shown = run("check", files / "a.pxt", files / "same.png").stdout.decode().splitlines()[0]
    assert shown == f"agrees with the stream's words and texture layer: {line['score']:.2f}"
    shown = run("decode", files / "a.pxt", "-o", files / "checked.png", "--check").stdout.decode()
    assert f"agrees with the stream's words and texture layer: {line['score']:.2f}" in shown
    assert "pass" not in shown
    assert set(line["aims"]) == AIMS
    assert all(set(field) == {"name", "expected", "got", "agree"} for field in line["fields"])
    assert {field["agree"] for field in line["fields"]} <= {True, False, None}
    Image.new("RGB", (192, 128), "magenta").save(files / "other.png")
    (line,) = json_lines(run("check", files / "a.pxt", files / "other.png", "--json", code=3))
    assert line["verdict"] == "fail"
    shown = run("check", files / "a.pxt", files / "other.png", code=3).stdout.decode().splitlines()[0]
    assert shown == (
        f"does not agree with the stream's words and texture layer: {line['score']:.2f}, "
        f"where {line['threshold']:.2f} is the least that agrees"
    )


def test_folder_in_gives_relative_names_out(files, tmp_path):
    lines = json_lines(
        run("encode", files / "in", "-o", tmp_path / "out", "--budget", "100B", "--json", "--jobs", "2")
    )
    assert {line["out"] for line in lines} == {
        str(tmp_path / "out" / "one.png.pxt"),
        str(tmp_path / "out" / "deep" / "two.JPG.pxt"),
    }
    assert all(line["bytes"] <= 100 for line in lines)
    run("decode", tmp_path / "out", "-o", tmp_path / "back")
    assert (tmp_path / "back" / "one.png.png").is_file()
    assert (tmp_path / "back" / "deep" / "two.JPG.png").is_file()


def test_one_bad_file_does_not_stop_the_others(files, tmp_path):
    (tmp_path / "bad.png").write_bytes(b"no picture")
    result = run("encode", tmp_path / "bad.png", files / "a.png", "-o", tmp_path / "out", "--json", code=1)
    bad, good = json_lines(result)
    assert set(bad) == {"file", "ok", "error"}
    assert set(bad["error"]) == {"kind", "message", "offset"}
    assert (bad["ok"], bad["error"]["kind"], good["ok"]) == (False, "image", True)
    assert os.listdir(tmp_path / "out") == ["a.png.pxt"]


def test_outputs_are_kept_unless_told(files, tmp_path):
    out = tmp_path / "x.pxt"
    out.write_bytes(b"mine")
    result = run("encode", files / "a.png", "-o", out, "--json", code=2)
    assert json_lines(result)[0]["error"]["kind"] == "exists"
    assert out.read_bytes() == b"mine"
    run("encode", files / "a.png", "-o", out, "--overwrite")
    assert out.read_bytes() != b"mine"
    assert os.listdir(tmp_path) == ["x.pxt"]


def test_skip_existing_resumes(files, tmp_path):
    run("encode", files / "in", "-o", tmp_path, "--budget", "90B")
    (tmp_path / "one.png.pxt").unlink()
    lines = json_lines(
        run("encode", files / "in", "-o", tmp_path, "--budget", "90B", "--skip-existing", "--json")
    )
    assert [line["file"] for line in lines] == [str(files / "in" / "one.png")]


def test_dash_is_standard_input_and_output(files):
    stream = run("encode", "-", "-o", "-", "--budget", "120B", stdin=(files / "a.png").read_bytes()).stdout
    assert len(stream) <= 120
    picture = run("decode", "-", stdin=stream).stdout
    assert Image.open(io.BytesIO(picture)).size == (192, 128)
    assert run("inspect", "-", stdin=stream).stdout
    run("encode", "-", "-o", "-", "--json", stdin=stream, code=2)


@pytest.mark.parametrize(
    ("args", "says"),
    [
        (("encode", "a.png", "-o", "z.pxt", "--layers", "sound"), b"semantic"),
        (("encode", "a.png", "-o", "z.pxt", "--captioner", "nobody"), b"local"),
        (("encode", "a.png", "-o", "z.pxt", "--budget", "9B"), b"needs"),
        (("encode", "a.png", "-o", "z.pxt", "--budget", "many"), b"200B"),
        (("encode", "a.png", "-o", "z.pxt", "--bpp", "-1"), b"positive"),
        (("encode", "missing.png", "-o", "z.pxt"), b"missing.png"),
        (("encode", "a.png", "-o", "z.pxt", "--recipe", "only"), b"no generation recipe"),
        (("encode", "a.png"), b"-o"),
        (("encode", "a.png", "in/one.png", "-o", "a.pxt"), b"folder"),
        (("encode", "none*.png", "-o", "z"), b"no file"),
        (("decode", "a.pxt", "-o", "z.png", "--generator", "nobody"), b"builtin"),
        (("decode", "a.pxt", "-o", "z.png", "--layers", "pixels"), b"semantic, texture"),
        (("decode", "a.pxt", "-o", "z.doc"), b".png"),
        (("decode", "a.png", "-o", "z.png"), b"not a promptcodec stream"),
        (("decode", "a.pxt", "-o", "z.png", "--size", "0x3"), b"768x512"),
        (("inspect", "a.png"), b"not a promptcodec stream"),
    ],
)
def test_bad_usage_exits_2_and_writes_nothing(files, args, says):
    before = sorted(os.listdir(files))
    result = run(*args, cwd=files, code=2)
    assert says in result.stderr
    assert sorted(os.listdir(files)) == before


def test_two_inputs_of_one_name_are_refused(files, tmp_path):
    run("encode", files / "a.png", files / "a.png", "-o", tmp_path / "o", code=2)
    assert not (tmp_path / "o").exists()


def test_cut_streams_and_partial(files, tmp_path):
    data = (files / "a.pxt").read_bytes()
    (line,) = json_lines(run("inspect", files / "a.pxt", "--json"))
    first = line["parts"][0]
    (tmp_path / "cut.pxt").write_bytes(data[: first["offset"] + first["bytes"]])
    result = run("decode", tmp_path / "cut.pxt", "-o", tmp_path / "cut.png", "--json", code=2)
    assert json_lines(result)[0]["error"]["offset"] == first["offset"] + first["bytes"]
    result = run("decode", tmp_path / "cut.pxt", "-o", tmp_path / "cut.png", "--partial")
    assert b"cut" in result.stderr
    (tmp_path / "half.pxt").write_bytes(data[: first["offset"] + 5])
    run("decode", tmp_path / "half.pxt", "-o", tmp_path / "half.png", "--partial", code=2)
    assert not (tmp_path / "half.png").exists()


def test_a_users_dictionary_is_named_by_hash(files, tmp_path):
    words = [f"a {c} {t} wall of {m} number {n}" for c in ("red", "grey") for t in ("smooth", "rough")
             for m in ("brick", "stone", "wood") for n in range(60)]  # fmt: skip
    (tmp_path / "texts.txt").write_text("\n".join(words))
    (trained,) = json_lines(
        run("train-dictionary", "texts.txt", "-o", "my.dict", "--size", "4kB", "--json", cwd=tmp_path)
    )
    (tmp_path / "d.txt").write_text(
        "photo 1x1\nr1c1 grey: a grey rough wall of stone number 12, a red smooth wall of wood"
    )
    run("encode", files / "a.png", "-o", "m.pxt", "--dictionary", "my.dict", "--text-coder", "zstd",
        "--description", "d.txt", cwd=tmp_path)  # fmt: skip
    run("decode", "m.pxt", "-o", "m.png", "--dictionary", "my.dict", cwd=tmp_path)
    result = run("decode", "m.pxt", "-o", "n.png", "--json", cwd=tmp_path, code=4)
    (line,) = json_lines(result)
    assert line["error"]["kind"] == "missing-dictionary"
    assert trained["hash"] in line["error"]["message"]
    assert "--dictionary" in line["error"]["message"]
    run("inspect", "m.pxt", cwd=tmp_path, code=4)


BOTH_WAYS = """
import contextlib, sys
from promptcodec.cli import main
picture, folder = sys.argv[1:]
stream = folder + "/a.pxt"
coded = ["encode", picture, "-o", stream, "--budget", "140B"]
for words in (coded, ["decode", stream, "-o", folder + "/a.png"]):
    sys.argv[1:] = words
    with contextlib.suppress(SystemExit): main()
"""


def test_same_bytes_in_every_process(files, tmp_path):
    streams, pictures = set(), set()
    for seed in ("0", "12345"):
        folder = tmp_path / seed
        folder.mkdir()
        command = [sys.executable, "-c", BOTH_WAYS, files / "a.png", folder]
        subprocess.run(command, env=os.environ | {"PYTHONHASHSEED": seed}, check=True, capture_output=True)
        streams.add((folder / "a.pxt").read_bytes())
        with Image.open(folder / "a.png") as picture:
            pictures.add(picture.tobytes())
    assert len(streams) == len(pictures) == 1


def test_demo_makes_its_picture(tmp_path, monkeypatch):
    # What the first run has coded and drawn, the second shows.
    coded, real = {}, encoding.encode

    def encode(picture, *, layers, budget):
        return coded.get(layers) or coded.setdefault(layers, real(picture, layers=layers, budget=budget))

    monkeypatch.setattr(encoding, "encode", encode)
    monkeypatch.setattr(decoding, "decode", functools.cache(decoding.decode))
    (line,) = json_lines(run("demo", "--json", cwd=tmp_path))
    assert [row["setting"] for row in line["rows"]] == ["words only", "words + thumbnail"]
    assert all(row["bytes"] <= limit for row, limit in zip(line["rows"], (100, 200), strict=True))
    assert Image.open(tmp_path / "demo.png").size[0] > 3 * 512
    assert all(-1 <= row["likeness"] < row["score"] <= 1 for row in line["rows"])
    table = run("demo", "--overwrite", cwd=tmp_path).stdout.decode()
    assert "bpp" in table
    assert all(f" {row['likeness']:.2f} " in table for row in line["rows"])
    assert "pass" not in table
    run("demo", cwd=tmp_path, code=2)


def test_likeness_is_one_for_the_same_picture_and_less_for_another(scene):
    assert likeness(scene, scene) == pytest.approx(1, abs=1e-3)
    assert likeness(scene, scene.resize((96, 64))) > 0.8
    assert likeness(scene, Image.effect_noise((192, 128), 90).convert("RGB")) < 0.6


def test_terminal_controls_are_shown_escaped(files, tmp_path):
    Image.new("RGB", (8, 8)).save(tmp_path / "a\x1b[31m.png")
    result = run("encode", tmp_path / "a\x1b[31m.png", "-o", tmp_path / "out/")
    assert b"\x1b" not in result.stdout + result.stderr


def test_help_has_examples():
    command = [sys.executable, "-c", "from promptcodec.cli import main; main()", "--help"]
    assert b"Usage: promptcodec" in subprocess.check_output(command)
    for name in ("encode", "decode", "inspect", "describe", "check", "demo", "train-dictionary", "prompts"):
        assert b"Examples:" in run(name, "--help").stdout
    assert run("--version").stdout.startswith(b"promptcodec ")


def test_help_starts_fast():
    """Time is not measured, what it goes into is: numpy, Pillow and all that builds on them stay unloaded."""
    code = (
        "import sys; from promptcodec.cli import main; sys.argv = ['promptcodec', '--help']\n"
        "try: main()\n"
        "except SystemExit: print(sorted({'numpy', 'PIL', 'rich'} & sys.modules.keys()), len(sys.modules))\n"
    )
    out = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout
    loaded, count = out.splitlines()[-1].rsplit(" ", 1)
    assert loaded == "[]"
    assert int(count) < 400


def test_importing_the_package_is_light():
    code = (
        "import sys, promptcodec, promptcodec.cli; from promptcodec import encode;"
        "print([m for m in ('onnxruntime', 'torch', 'skimage', 'scipy', 'openai') if m in sys.modules])"
    )
    assert subprocess.check_output([sys.executable, "-c", code]).strip() == b"[]"
