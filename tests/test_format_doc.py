"""The tables printed in docs/format.md are those of the code."""

from __future__ import annotations

import binascii
import re
import shutil
import subprocess
from pathlib import Path

import numpy as np
import pytest

from promptcodec import bitstream, entropy
from promptcodec.archive.texts.table import SLOTS
from promptcodec.bitstream import MAGIC
from promptcodec.description import format_text, parse_text
from promptcodec.description.palette import PALETTE
from promptcodec.entropy.bitio import RATES
from promptcodec.entropy.text import LIMIT, PPM_MAX, coder_name
from promptcodec.entropy.zstd import BLOCK_MAX
from promptcodec.layers import about, pixels, recipe, registry, semantic, structure
from promptcodec.layers.recipe.json_styles import STYLES
from promptcodec.layers.semantic import beside
from promptcodec.layers.structure import skeleton
from promptcodec.layers.structure.chain_models import COUNT
from promptcodec.layers.texture import coders, dct, learned, transform
from promptcodec.layers.texture.dct import stream as texture_stream
from promptcodec.layers.texture.dct.content import dequantise
from promptcodec.recipe.model import CARRIERS
from tests import pure

DOCS = Path(__file__).parent.parent / "docs"
TEXT = (DOCS / "format.md").read_text("utf-8")


def section(title):
    return re.split(r"^## ", TEXT.split(f"\n## {title}\n")[1], flags=re.MULTILINE)[0]


def test_the_palette():
    block = section("Palette").split("```")[1]
    entries = [entry.strip().rsplit(" ", 1) for entry in block.replace("\n", " ").split(",")]
    assert entries == [[name, "".join(f"{part:02X}" for part in rgb)] for name, rgb in PALETTE.items()]


def test_the_skeleton():
    rows = re.findall(r"^\| (\d+) \| ([\d -]+) \| (\d+) \| (\d+) \| (\d+) \|$", TEXT, re.MULTILINE)
    order = [
        (int(joint), () if parents == "-" else tuple(map(int, parents.split())), int(hundredths))
        for joint, parents, hundredths, _, _ in rows
    ]
    assert tuple(order) == skeleton.ORDER
    models = skeleton.Models()
    for joint, _, _, right, below in rows:
        assert models.right[int(joint)].one == 4096 * int(right)
        assert models.lower[int(joint)].one == 4096 * int(below)


def test_rates_and_parts():
    assert f"`RATE` is {' '.join(map(str, RATES))}." in TEXT.replace("\n", " ")
    for number, layer in registry.BY_ID.items():
        assert f"| {number} | {layer.name} |" in TEXT


def ids(kind):
    """Give the ids that the policy says are used, those it says are free, and how many of these."""
    row = re.search(
        rf"^\| {kind} \|[^|]+\| ([^|]+) \| ([^|]+) \|$", section("Policy for additions"), re.MULTILINE
    )

    def numbers(text):
        ranges = re.findall(r"(\d+) to (\d+)", text)
        single = re.findall(r"(?<![\d-])(\d+)(?![\d-])(?! to)", re.sub(r"\d+ to \d+", "", text))
        return {n for low, high in ranges for n in range(int(low), int(high) + 1)} | set(map(int, single))

    free, count = re.match(r"([\d ,toand]+) \((\d+)\)", row[2]).groups()
    return numbers(re.split("[;,] bits| marks", row[1])[0]), numbers(free), int(count)


def test_the_policy_counts_the_free_ids():
    used, free, count = ids("part type")
    assert used == set(registry.BY_ID)
    assert (len(free), used | free) == (count, set(range(1, 64)))
    used, free, count = ids("text coder")
    marks = {semantic.GRID, beside.BESIDE}
    assert used == {n for n in range(64) if coder_name(bytes([n])) != "unknown"} | marks
    archives = {*range(32, 32 + SLOTS), *range(48, 48 + SLOTS)}
    assert (len(free), used | free | archives) == (count, set(range(64)))
    assert not archives & (used | free)
    used, free, count = ids("form of words beside a texture layer")
    assert used == {form >> 6 for form in (beside.APART, beside.JOINED)}
    assert (len(free), used | free) == (count, set(range(4)))
    used, free, count = ids("structure kind")
    assert used == set(range(len(structure.KINDS)))
    assert (len(free), used | free) == (count, set(range(4)))
    for kind, known in (("recipe form", recipe.FORMS), ("picture coder", pixels.CODERS)):
        used, free, count = ids(kind)
        assert used == set(range(len(known)))
        assert (len(free), used | free) == (count, set(range(256)))
    used, free, count = ids("texture coder")
    assert used == set(coders.PACKAGES) - {coders.DCT}
    assert (len(free), used | free) == (count, set(range(1, 256)))


@pytest.mark.parametrize("folder", ["golden", "invalid"])
def test_streams_have_a_line_that_says_what_they_are_for(folder):
    streams = DOCS.parent / "tests" / folder
    names = {path.stem for path in streams.glob("*.pxt")}
    assert names
    if folder == "golden":
        first, later = (streams / "README.md").read_text("utf-8").split("## The later streams")
        rows = re.findall(r"^\| `([\w-]+)` \|", later, re.MULTILINE)
        assert sorted(rows) == sorted(names - set(re.findall(r"`([\w-]+)`", first)))
    else:
        assert all((streams / f"{name}.txt").read_text("utf-8").strip() for name in names)


def test_no_code_is_needed():
    assert "promptcodec/" not in TEXT


def test_the_canonical_text():
    text = section("Description, canonical text").split("For instance:")[1].split("```")[1].strip()
    assert format_text(parse_text(text)) == text


def test_limits_and_lists():
    whole = TEXT.replace("\n", " ")
    assert f"at most 2^{LIMIT.bit_length() - 1} bytes of UTF-8" in whole
    assert f"under 4, 5 and 6 at most 2^{PPM_MAX.bit_length() - 1};" in whole
    assert f"under ids 2 and 3 at most 2^{BLOCK_MAX.bit_length() - 1}" in whole
    assert f"each of {COUNT} models of polylines" in whole
    for name in (*CARRIERS, *STYLES):
        assert f"`{name}`" in TEXT


def example(title):
    """Give an example's file, the bytes its table explains, and the rows of the range coder's work."""
    block = section("Examples").split(f"### {title}\n")[1].split("\n### ")[0]
    data = bytes.fromhex(block.split("```")[1])
    explained = re.findall(r"^\| `([0-9A-F ]+)`(?: \.\.\. `([0-9A-F]{2})`)? \| (.+) \|$", block, re.MULTILINE)
    work = re.findall(
        r"^\| [^|]* \| (symbol|bit) of (\d+) \| `([0-9A-F]{14})` \| `([0-9A-F]{14})` \| ([^|]+) \|",
        block, re.MULTILINE,
    )  # fmt: skip
    return data, explained, work


def parts_of(data):
    """Give size and payloads, whatever version the example is of."""
    assert data[:2] == MAGIC
    assert chr(data[2]) in "0123456789"
    assert binascii.crc_hqx(data[:-2], 0xFFFF).to_bytes(2, "big") == data[-2:]
    stream = bitstream.read(data[3:-2], bare=True)
    return (stream.width, stream.height), {part.type: part.payload for part in stream.parts}


@pytest.mark.parametrize("title", ["Words", "A texture layer", "A texture layer by coder 1", "A pose"])
def test_every_byte_of_an_example_is_explained(title):
    data, explained, _ = example(title)
    at = 0
    for first, last, _ in explained:
        start = bytes.fromhex(first)
        assert data.startswith(start, at)
        at += len(start)
        if last:  # up to where the next row begins
            following = bytes.fromhex(explained[explained.index((first, last, _)) + 1][0])
            at = data.index(following, at)
            assert data[at - 1] == int(last, 16)
    assert at == len(data)


@pytest.mark.parametrize(
    ("title", "part", "head", "rows"),
    [("A texture layer", 2, 0, 13), ("A texture layer by coder 1", 8, 1, 10), ("A pose", 3, 1, 24)],
)
def test_the_range_coder_of_an_example(title, part, head, rows):
    data, _, work = example(title)
    _, parts = parts_of(data)
    decoder = pure.modules("rangecoder")[0].Decoder(parts[part][head:])
    for kind, of, code, range_, outcome in work:
        assert (f"{decoder._code:014X}", f"{decoder._range:014X}") == (code, range_)
        if kind == "bit":
            assert decoder.decode_bit(int(of)) == int(outcome)
        else:
            first, last = map(int, re.fullmatch(r"share (\d+) to (\d+)", outcome).groups())
            assert first <= decoder.target(int(of)) <= last
            decoder.take(first, last + 1 - first, int(of))
    assert len(work) == rows


def test_the_example_of_words():
    data, explained, _ = example("Words")
    size, parts = parts_of(data)
    assert size == (640, 480)
    description = semantic.decode(parts[1])
    assert entropy.decode_text(parts[1]) == "photo 1x1\nr1c1 sky blue: sea" == format_text(description)
    assert description.cells[0].colours == ("sky blue",)
    assert about.decode(parts[7]) == {"seed": "7"}
    assert [meaning for _, _, meaning in explained][-2] == "`seed: 7`"


def test_the_example_of_a_texture_layer():
    data, _, work = example("A texture layer")
    size, parts = parts_of(data)
    assert size == (96, 68)
    content = texture_stream.read(parts[2])
    assert (content.shape, content.step, content.restored) == (14, 24, True)
    assert (content.radii, content.means) == ((1, 0, 0), (-3, 1, 0))
    assert [levels.tolist() for levels in content.levels] == [[2], [], []]
    assert work[-1][4] == "0"
    amplitudes = dequantise(content)
    assert {(p, v, u): int(amplitudes[p, v, u]) for p, v, u in np.argwhere(amplitudes)} == {
        (0, 0, 0): -768, (0, 0, 1): 552, (1, 0, 0): 256
    }  # fmt: skip
    rest = section("Examples").split("Amplitudes:")[1].replace("\n", " ")
    rows = re.findall(r"`((?:[0-9A-F]{2} ){2}[0-9A-F]{2})`", rest)
    plain, restored = (np.array([list(bytes.fromhex(one)) for one in some]) for some in (rows[:4], rows[4:8]))
    assert np.array_equal(np.asarray(transform.synthesise(amplitudes.astype(float), (4, 3)))[0], plain)
    # What is drawn in floating point may round otherwise.
    drawn = np.asarray(dct.draw(parts[2], (4, 3)).picture, int)[0]
    assert np.abs(drawn - restored).max() <= 1
    assert np.abs(restored - plain).max() > 0


def test_the_example_of_a_texture_layer_by_coder_1():
    data, _, _ = example("A texture layer by coder 1")
    size, parts = parts_of(data)
    assert size == (341, 512)
    content = learned.stream.read(parts[8][1:])
    assert (content.shape, content.size, content.quality, content.count) == (10, 0, 38, 3)
    levels = np.asarray(content.levels)
    assert levels.shape == (3, 2, 64)
    rest = section("Examples").split("Place (0, 0) has")[1].split("\n\n")[0].replace("\n", " ")
    first, second, line, pixels = (
        [float(number) for number in re.findall(r"(?<![\w(])-?\d+(?:\.\d+)?(?![\w)])", text)]
        for text in re.split(r"place \(0, 1\)|The first line|The canvas", rest)
    )
    assert (first, second) == (levels[0, 0, :12].tolist(), levels[0, 1, :12].tolist())
    assert [value for colour in learned.samples(parts[8][1:], 1, 1)[0] for value in colour] == line
    assert np.abs(learned.canvas(parts[8][1:])[0, :3].ravel() - pixels).max() < 0.01


def test_the_example_of_a_pose():
    data, _, _ = example("A pose")
    size, parts = parts_of(data)
    assert size == (512, 384)
    kind, people = structure.decode_value(parts[3], size)
    expected = [0] * 51
    for joint, place in {0: (140, 80, 1), 5: (160, 100, 2), 6: (120, 100, 2)}.items():
        expected[3 * joint : 3 * joint + 3] = place
    assert (kind, people) == ("pose", [expected])


@pytest.mark.skipif(not shutil.which("file"), reason="the program file(1) is not installed")
def test_the_magic(tmp_path):
    data, _, _ = example("Words")
    path = tmp_path / "words"

    def say(content, *options):
        path.write_bytes(content)
        command = ["file", "-m", str(DOCS / "promptcodec.magic"), "-b", *options, str(path)]
        return subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()

    assert say(data) == f"promptcodec picture, version {chr(data[2])}"
    assert say(data, "--mime-type") == "image/vnd.promptcodec"
    assert "promptcodec" not in say(MAGIC + b"x" + data[3:])
    assert "promptcodec" not in say(b"PA" + data[2:])
