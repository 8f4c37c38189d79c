"""The compiled core does what the Python does: the same bytes, the same values, the same errors."""

from __future__ import annotations

import functools
import importlib.util
import io
import itertools
import json
import os
import subprocess
import sys
import zipfile
from collections import deque
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import models, native
from promptcodec.entropy import bitio, rangecoder
from promptcodec.entropy.ppm import bpe, coder, model
from promptcodec.errors import EntropyError
from tests import pure
from tests.effort import examples

ROOT = Path(__file__).resolve().parent.parent

compiled = pytest.mark.skipif(native.core is None, reason=f"there is no compiled core: {native.named()}")
pure_bitio, pure_rangecoder, pure_bpe, pure_coder, pure_model = pure.modules(
    "bitio", "rangecoder", "ppm.bpe", "ppm.coder", "ppm.model"
)
TABLES = [model.NAME, model.DESCRIPTIONS]


def outcome(call, *args):
    """Give what a call gives, or its error on purpose."""
    try:
        return call(*args)
    except EntropyError as error:
        return str(error)


@compiled
def test_the_public_names_are_the_compiled_ones():
    assert bitio.BitReader is native.core.BitReader
    assert pure_bitio.BitReader is not native.core.BitReader
    assert model.shipped().native
    assert pure_model.shipped().native is None


@compiled
def test_the_core_was_compiled_from_these_sources():
    build = hatch_build()
    assert build.sources() == native.core.SOURCES, "install promptcodec again, or run python hatch_build.py"


# Symbols of every kind: method, what it is asked with, value.
chances = st.one_of(st.integers(1, 65535), st.sampled_from([1, 2, 65534, 65535]))
shares = st.one_of(
    st.lists(st.integers(1, 1 << 12), min_size=1, max_size=9),
    st.sampled_from([[1 << 32], [1, (1 << 32) - 1], [(1 << 32) - 1, 1], [1 << 31] * 2]),
)
totals = st.one_of(st.integers(1, 1 << 32), st.sampled_from([1, 2, (1 << 32) - 1, 1 << 32]))
calls = st.lists(
    st.one_of(
        st.tuples(st.just("bit"), chances, st.integers(0, 1)),
        st.tuples(st.just("adaptive"), st.integers(0, 7), st.integers(0, 1)),
        st.tuples(st.just("tree"), st.integers(0, 3), st.integers(0, 7)),
        st.tuples(st.just("bypass"), st.integers(-1, 200), st.integers(0, 1 << 200)),
        st.tuples(st.just("uniform"), totals, st.integers(0, 1 << 32)),
        st.tuples(st.just("symbol"), shares, st.integers(0, 8)),
        st.tuples(st.just("span"), shares, st.integers(0, 8)),
        # A row of likely symbols, at the ends of intervals: carries and zeros.
        st.tuples(st.just("bit"), st.just(65535), st.just(1)),
        st.tuples(st.just("uniform"), st.just(256), st.just(0)),
        st.tuples(st.just("uniform"), st.just(256), st.just(255)),
    ),
    max_size=120,
)


def written(module, symbols):
    """Write symbols; give the bytes, and what the models have learnt."""
    writer, bits = module.BitWriter(), [module.AdaptiveBit(1 + 9000 * n, n) for n in range(8)]
    for name, argument, value in symbols:
        if name == "adaptive":
            writer.adaptive(bits[argument], value)
        elif name == "tree":
            writer.tree(bits, argument, value)
        elif name == "span":
            writer.span([0, *itertools.accumulate(argument)], value % len(argument))
        else:
            least = {"uniform": argument, "symbol": len(argument) if name == "symbol" else 0}.get(name)
            getattr(writer, name)(argument, value % least if least else value)
    return writer.finish(), [(bit.one, bit.seen) for bit in bits]


def read(module, data, symbols):
    """Read symbols; give the values up to an error, and the error or what came of closing."""
    bits, values = [module.AdaptiveBit(1 + 9000 * n, n) for n in range(8)], []
    try:
        reader = module.BitReader(data)
        for name, argument, _ in symbols:
            if name == "adaptive":
                values.append(reader.adaptive(bits[argument]))
            elif name == "tree":
                values.append(reader.tree(bits, argument))
            elif name == "span":
                values.append(reader.span([0, *itertools.accumulate(argument)]))
            else:
                values.append(getattr(reader, name)(argument))
        reader.close()
    except EntropyError as error:
        return values, str(error)
    return values, [(bit.one, bit.seen) for bit in bits]


@compiled
@examples(8)
@given(calls)
def test_the_same_bytes_and_the_same_symbols(symbols):
    data = written(bitio, symbols)
    assert data == written(pure_bitio, symbols)
    assert read(bitio, data[0], symbols) == read(pure_bitio, data[0], symbols)


@compiled
@examples(8)
@given(calls, st.integers(0, 400), st.binary(max_size=3), st.integers(0, 40))
def test_the_same_of_damaged_bytes(symbols, at, other, zeros):
    data = written(bitio, symbols)[0]
    for bad in (data[:at], data[:at] + other + data[at + 1 :], other + bytes(zeros), data + bytes(zeros)):
        assert read(bitio, bad, symbols) == read(pure_bitio, bad, symbols)


@compiled
@examples(8)
@given(
    st.lists(st.tuples(totals, st.integers(0, 1 << 32), st.integers(1, 1 << 32)), max_size=100), st.binary()
)
def test_the_same_shares(symbols, data):
    coders = [rangecoder.Encoder(), pure_rangecoder.Encoder()]
    for one in coders:
        for total, start, size in symbols:
            one.encode(start % total, min(size, total - start % total), total)
    assert coders[0].finish() == coders[1].finish()

    def shares_of(module):
        decoder = module.Decoder(data)
        for total, _, size in symbols:
            start = decoder.target(total)
            yield start
            decoder.take(start, min(size, total - start), total)
        decoder.close()

    ours, theirs = shares_of(rangecoder), shares_of(pure_rangecoder)
    for _ in range(len(symbols) + 1):
        one = outcome(next, ours, None)
        assert one == outcome(next, theirs, None)
        if not isinstance(one, int):
            break


@compiled
@pytest.mark.parametrize(
    "call",
    [
        lambda: bitio.BitWriter().bit(0, 1),
        lambda: bitio.BitWriter().bit(65536, 1),
        lambda: bitio.BitWriter().bit(1.5, 1),
        lambda: bitio.BitWriter().bit(1),
        lambda: bitio.BitWriter().adaptive(pure_bitio.AdaptiveBit(), 1),
        lambda: bitio.BitWriter().adaptive(bitio.AdaptiveBit(0), 1),
        lambda: bitio.BitWriter().tree([bitio.AdaptiveBit()], 1, 0),
        lambda: bitio.BitWriter().tree([None] * 2, 1, 0),
        lambda: bitio.BitWriter().symbol([0, 1], 0),
        lambda: bitio.BitWriter().symbol([1, 1], 2),
        lambda: bitio.BitWriter().symbol([1 << 32, 1], 0),
        lambda: bitio.BitWriter().symbol([-1, 3], 1),
        lambda: bitio.BitWriter().span([0, 2, 1], 0),
        lambda: bitio.BitWriter().span([0], 0),
        lambda: bitio.BitWriter().uniform(3, 3),
        lambda: bitio.BitWriter().uniform(0, 0),
        lambda: bitio.BitReader("text"),
        lambda: bitio.BitReader(b"").symbol([]),
        lambda: bitio.BitReader(b"").symbol([0]),
        lambda: bitio.BitReader(b"").span([0, 0]),
        lambda: bitio.BitReader(b"").uniform((1 << 32) + 1),
        lambda: bitio.AdaptiveBit(1, 16),
        lambda: setattr(bitio.AdaptiveBit(), "seen", 16),
        lambda: delattr(bitio.AdaptiveBit(), "one"),
        lambda: rangecoder.Encoder().encode(1, 1, 1),
        lambda: rangecoder.Decoder(b"").take(0, 0, 4),
        lambda: native.core.Vocabulary([0, 1], range(256)),
        lambda: native.core.Vocabulary([0, 257], range(257)),
        lambda: native.core.Vocabulary([0, 0], [0] * 257),
        lambda: native.core.Vocabulary([n for rank in range(256, 300) for n in (rank - 1,) * 2], range(300)),
        lambda: native.core.Vocabulary(range(sys.maxsize), range(256)),
        lambda: model.shipped().vocabulary.decode([40000]),
        lambda: model.shipped().native.get(bitio.BitWriter(), 1),
        lambda: model.shipped().native.get(bitio.BitReader(b""), -1),
        lambda: model.shipped().native.put(bitio.BitCounter(), b""),
    ],
)
def test_arguments_that_python_would_not_survive_are_errors(call):
    with pytest.raises((ValueError, TypeError, IndexError, MemoryError)):
        call()


def test_a_reader_after_its_error_still_gives_it():
    reader = bitio.BitReader(b"")
    for _ in range(3):
        with pytest.raises(EntropyError, match="behind the end"):
            deque(reader.bypass(32) for _ in range(1000))


# What folding looks at: capitals, spaces, a grid and labels, the markers themselves.
odd = st.lists(
    st.sampled_from([b"A", b"BC", b"d", b" ", b".", b"9", b"\n", b" 2x3\n", b"\nr1c1", b"\nr1c2", b"\nr1c3",
                     b"\xfc", b"\xfd", b"\xfe", b"\xff", "é".encode(), b"the ", b"x"]),
    max_size=40,
).map(b"".join)  # fmt: skip


@compiled
@examples(20)
@given(st.one_of(odd, st.binary(max_size=80)))
def test_the_same_folding_and_tokens(data):
    assert bpe.fold(data) == pure_bpe.fold(data)
    assert outcome(bpe.unfold, data) == outcome(pure_bpe.unfold, data)
    ours, theirs = model.shipped().vocabulary, pure_model.shipped().vocabulary
    tokens = ours.encode(data)
    assert tokens == theirs.encode(data)
    assert tokens.typecode == "H"
    assert outcome(ours.decode, tokens) == outcome(theirs.decode, tokens)


@compiled
def test_the_same_vocabulary():
    for name in TABLES:
        ours, theirs = model.shipped(name).vocabulary, pure_model.shipped(name).vocabulary
        assert (ours.size, ours.end, ours.pieces) == (theirs.size, theirs.end, theirs.pieces)


def check(texts, names):
    for text, name in zip(texts, itertools.cycle(names)):
        data = text.encode()
        coded = coder.encode(data, model.shipped(name))
        assert coded == pure_coder.encode(data, pure_model.shipped(name))
        assert coder.decode(coded, model.shipped(name), len(data)) == data
        short = outcome(coder.decode, coded, model.shipped(name), len(data) - 1)
        assert short == f"the ppm text is longer than {len(data) - 1} bytes"


@functools.cache
def described():
    lines = (ROOT / "eval" / "descriptions" / "aigi.jsonl").read_text("utf-8").splitlines()
    return [json.loads(line)["text"] for line in lines]


@compiled
def test_texts_have_the_same_bytes():
    check(described()[::4], TABLES)
    check([f"{'ABCabc ' * 900}\x00\U0001f600", "photo 8x8\nsummary: x" + "\nr1c1: é" * 200], TABLES)


@pytest.mark.slow
@compiled
def test_two_thousand_texts_have_the_same_bytes(data_folder):
    import zstandard

    texts = []
    for name, count in (("short_captions", 1800), ("captions", 100), ("prompts", 100)):
        with (data_folder / "text" / f"{name}_train.txt.zst").open("rb") as file:
            lines = io.TextIOWrapper(zstandard.ZstdDecompressor().stream_reader(file), "utf-8")
            texts += itertools.islice((line.rstrip("\n") for line in lines if len(line) > 1), count)
    assert len(texts) == 2000
    check(texts, TABLES)


@compiled
@examples(4)
@given(
    st.one_of(st.binary(max_size=60), st.tuples(st.integers(0, 99), st.integers(0, 200), st.integers(1, 255)))
)
def test_damaged_texts_give_the_same(data):
    if isinstance(data, tuple):
        index, at, change = data
        whole = bytearray(coder.encode(described()[index % len(described())][:200].encode(), model.shipped()))
        whole[at % len(whole)] ^= change
        data = bytes(whole)
    for name in TABLES:
        ours = outcome(coder.decode, data, model.shipped(name), 200)
        assert ours == outcome(pure_coder.decode, data, pure_model.shipped(name), 200)


@compiled
def test_damaged_tables_are_an_error():
    content = bytearray(model.decompressed(models.load(model.NAME)))
    constants = model._constants()
    size = int.from_bytes(content[:4], "little")
    splits = 20 + 4 * (size - 256) + 2 * size
    for at, other in ((0, b"\xff\xff\xff\xff"), (4, b"\0\0"), (8, b"\xff\xff\xff\x7f"), (20, b"\xff\xff"),
                      (splits, bytes(range(256)) * 16), (len(content) - 5, b"\xff")):  # fmt: skip
        damaged = bytearray(content)
        damaged[at : at + len(other)] = other
        with pytest.raises(ValueError):
            native.core.PpmTables(damaged, *constants)
    with pytest.raises(ValueError):
        native.core.PpmTables(content[:-1], *constants)
    with pytest.raises(ValueError):
        native.core.PpmTables(content, constants[0][1:], *constants[1:])
    with pytest.raises(ValueError):
        native.core.PpmTables(content, *constants[:2], bytes(1028))


@compiled
@pytest.mark.parametrize("side", [0, 1])
def test_a_tree_without_some_tokens_is_an_error(side):
    """A walk to a token that it lacks would go on behind the end of the text."""
    content = bytearray(model.decompressed(models.load(model.NAME)))
    size, root = (int.from_bytes(content[at : at + 4], "little") for at in (0, 4))
    child = 20 + 4 * (size - 256) + 2 * size + 2 * (side * size + root)
    content[child : child + 2] = b"\0\0"
    with pytest.raises(ValueError, match="damaged"):
        native.core.PpmTables(content, *model._constants())


@compiled
def test_errors_are_those_of_the_package_as_it_is_imported(monkeypatch):
    class OtherError(Exception):
        pass

    with pytest.raises(EntropyError):
        bpe.unfold(b"x")
    monkeypatch.setattr("promptcodec.errors.EntropyError", OtherError)
    with pytest.raises(OtherError):
        bpe.unfold(b"x")


def hatch_build():
    spec = importlib.util.spec_from_file_location("hatch_build", ROOT / "hatch_build.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def test_a_build_with_a_compiler_and_without(wheel, tmp_path, monkeypatch, capfd):
    build = hatch_build()
    with zipfile.ZipFile(wheel) as files:
        members = [name for name in files.namelist() if name.endswith((".so", ".pyd"))]
        libraries = [Path(files.extract(name, tmp_path)) for name in members]
    for library in libraries:  # none where there is no compiler
        monkeypatch.setattr(build, "ROOT", tmp_path / "tree")
        (tmp_path / "tree" / "promptcodec").mkdir(parents=True)
        build.put_into_tree(library)  # as an editable installation does
        monkeypatch.undo()
        code = "import _native; print(_native.SOURCES)"
        environment = {**os.environ, "PYTHONPATH": str(tmp_path / "tree" / "promptcodec")}
        sources = subprocess.check_output([sys.executable, "-c", code], env=environment, text=True)
        assert sources.strip() == build.sources()
    monkeypatch.setenv("PROMPTCODEC_BUILD", "")
    monkeypatch.setenv("CC", "no-such-compiler")
    assert os.name == "nt" or build.core(tmp_path / "none") is None
    assert os.name == "nt" or "no compiled core" in capfd.readouterr().err
    monkeypatch.setenv("PROMPTCODEC_BUILD", "native")
    with pytest.raises(SystemExit):
        build.core(tmp_path / "none")
    monkeypatch.setenv("PROMPTCODEC_BUILD", "pure")
    assert build.core(tmp_path / "none") is None


@compiled
@pytest.mark.parametrize("name", ["golden", pytest.param("entropy_rangecoder", marks=pytest.mark.slow)])
def test_the_python_core_passes_what_the_compiled_one_passes(name):
    """Golden streams and the tests of the range coder, with the core that runs where no compiler is.

    In CI there is a job of all tests with that core; the tests above compare both on symbols of every kind.
    """
    command = [sys.executable, "-P", "-m", "pytest", "-n", "0", "-p", "no:cacheprovider", "-k", "not million"]
    environment = {**os.environ, "PROMPTCODEC_PURE": "1"}
    show = [sys.executable, "-P", "-c", "from promptcodec.native import named; print(named())"]
    shown = subprocess.check_output(show, env=environment, cwd=ROOT, text=True)
    assert shown == "pure Python core, slower: PROMPTCODEC_PURE is set\n"
    done = subprocess.run(
        [*command, f"tests/test_{name}.py"],
        env=environment,
        cwd=ROOT,
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stdout[-4000:]
