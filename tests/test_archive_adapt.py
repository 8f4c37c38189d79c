"""Tables of an archive's own texts: streams come back to the byte, and a table is made where it pays."""

import hashlib
import random
import tracemalloc
from dataclasses import replace

import pytest
import zstandard
from hypothesis import given
from hypothesis import strategies as st

from promptcodec import bitstream, entropy
from promptcodec.archive.texts import adapt, table
from promptcodec.bitstream import Part, Stream
from promptcodec.description import Box, Cell, Description, SceneObject
from promptcodec.entropy import dictionary as zstd_dictionary
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.entropy.ppm import coder as ppm
from promptcodec.entropy.ppm import user as ppm_user
from promptcodec.entropy.ppm.model import shipped
from promptcodec.errors import BitstreamError, MissingDictionary, PromptcodecError
from promptcodec.layers import recipe as recipe_layer
from promptcodec.layers import semantic
from promptcodec.layers.parts import part_of
from promptcodec.layers.registry import BY_NAME
from promptcodec.layers.semantic import beside
from promptcodec.reading import derive_seed
from promptcodec.recipe import from_chunks
from promptcodec.recipe.model import Chunk

THINGS = [
    "kite",
    "barn",
    "tram",
    "heron",
    "lantern",
    "quarry",
    "viaduct",
    "orchard",
    "pier",
    "glacier",
    "loom",
    "kiln",
]
PLACES = ["by the shore", "at the edge of the village", "under a grey sky", "behind the old mill"]
NEGATIVE = "lowres, bad anatomy, worst quality, jpeg artifacts, signature, watermark, blurry"


def stream_of(*parts):
    numbered = tuple(part_of(name, payload) for name, payload in parts)
    return bitstream.write(Stream(640, 480, numbered), bare=True)


def summary(chance):
    return (
        f"A weathered {chance.choice(THINGS)} stands {chance.choice(PLACES)}, "
        f"beside a {chance.choice(THINGS)} painted in colours nobody remembers."
    )


def described(text, colours=("navy",), **rest):
    return semantic.encode(Description("photo", 1, 1, (Cell(colours=colours),), text), **rest)


def gridded(chance):
    """A description on a grid whose colours are symbols, its words behind them."""
    names = ("navy", "orange", "cream", "olive", "grey", "white")
    pairs = [tuple(chance.sample(names, 2)) for _ in range(24)]
    cells = tuple(Cell(colours=pair, arrangement="beside", text=chance.choice(["", "sky"])) for pair in pairs)
    return semantic.encode(Description("photo", 4, 6, cells, summary(chance)))


def joined(chance):
    """A description beside a colour map."""
    cells = tuple(Cell(text=chance.choice(["", "sky", "water", "tree"])) for _ in range(24))
    thing = SceneObject(chance.choice(THINGS), Box(1, 1, 3, 4), ("weathered",))
    return semantic.encode(
        Description("photo", 4, 6, cells, summary(chance), objects=(thing,)), coder="ppm", with_map=True
    )


def prompted(chance, form="verbatim"):
    text = (
        f"{summary(chance)}\nNegative prompt: {NEGATIVE}\nSteps: 20, Sampler: Euler a, CFG scale: 7, "
        f"Seed: {chance.randrange(2**32)}, Size: 512x768, Model: dreamshaper_8"
    )
    return recipe_layer.encode(from_chunks((Chunk("iTXt", "parameters", text.encode()),)), form=form)


FORMS = {
    "text": lambda chance: stream_of(("semantic", described(summary(chance)))),
    "grid": lambda chance: stream_of(("semantic", gridded(chance)), ("texture", b"not looked at")),
    "joined": lambda chance: stream_of(("semantic", joined(chance)), ("texture", b"not looked at")),
    "verbatim": lambda chance: stream_of(("recipe", prompted(chance))),
    "fields": lambda chance: stream_of(("recipe", prompted(chance, "fields"))),
    "both": lambda chance: stream_of(("semantic", joined(chance)), ("recipe", prompted(chance))),
}


def archive(form, count=60, seed=1):
    chance = random.Random(seed)
    return [FORMS[form](chance) for _ in range(count)]


@pytest.fixture(scope="module")
def streams():
    return [stream for form in FORMS for stream in archive(form)]


@pytest.fixture(scope="module")
def own(streams):
    return adapt.train(streams)


def test_a_table_makes_every_form_shorter(streams, own):
    assert own.kind == "ppm"
    for form in FORMS:
        before = archive(form, 15, seed=2)
        after = [adapt.recode(stream, own) for stream in before]
        assert sum(map(len, after)) < 0.9 * sum(map(len, before)), form
        assert all(adapt.slots(stream) == {0} for stream in after), form


def test_adapted_streams_come_back_to_the_byte(streams, own):
    for stream in streams:
        adapted = adapt.recode(stream, own)
        assert adapt.alone(adapted, [own]) == stream
    stream = FORMS["joined"](random.Random(3))
    restored = bitstream.read(adapt.alone(adapt.recode(stream, own), [own]), bare=True)
    assert derive_seed(restored) == derive_seed(bitstream.read(stream, bare=True))


def test_forms_are_what_they_are_called():
    chance = random.Random(1)
    assert joined(chance)[0] == beside.JOINED
    assert gridded(chance)[0] == semantic.GRID
    assert described(summary(chance))[0] in (4, 6)
    assert entropy.coder_name(recipe_layer.coded_text(prompted(chance))) == "ppm"


def test_words_apart_from_their_symbols_are_adapted(own):
    cells = tuple(Cell(text="water") for _ in range(4))
    description = Description("photo", 2, 2, cells, summary(random.Random(4)))
    words = entropy.encode_text(beside.words_of(description), "ppm")
    part = beside.encode(description, coder="raw", dictionary=None)
    assert part[0] == beside.APART
    stream = stream_of(("semantic", part[: len(part) - len(beside.coded_text(part))] + words))
    adapted = adapt.recode(stream, own)
    assert len(adapted) < len(stream)
    assert adapt.alone(adapted, [own]) == stream


def test_the_shipped_table_of_a_text_is_kept(own):
    texts = [summary(random.Random(seed)) for seed in range(40)]
    seen = set()
    for text in texts:
        for name, part in (("semantic", described(text)), ("semantic", described(text, coder="ppm"))):
            stream = stream_of((name, part))
            seen.add(part[0])
            assert adapt.alone(adapt.recode(stream, own), [own]) == stream
    for head, model in ((4, "ppm-1"), (6, "ppm-2")):
        coded = bytes([head]) + ppm.encode(
            b"photo 1x1\nsummary: A weathered kiln stands by the shore\nr1c1: navy",
            shipped(model),
        )
        stream = stream_of(("semantic", coded))
        adapted = adapt.recode(stream, own)
        assert len(adapted) < len(stream)
        assert adapt.alone(adapted, [own]) == stream


def test_what_is_coded_otherwise_stays(own):
    text = summary(random.Random(5))
    mine, _ = ppm_user.make([text])
    trained = Dictionary.from_bytes(text.encode())
    for rest in (
        {"coder": "raw"},
        {"coder": "brotli"},
        {"coder": "zstd"},
        {"coder": "ppm", "dictionary": mine},
        {"coder": "zstd", "dictionary": trained},
    ):
        stream = stream_of(("semantic", described(text, **rest)), ("texture", b"x"))
        assert adapt.recode(stream, own) is stream
        assert adapt.alone(stream, [own]) is stream
    for name in ("texture", "about", "signature", "pixels"):
        stream = stream_of((name, b"\x20 whatever it says"))
        assert adapt.recode(stream, own) is stream
        assert adapt.alone(stream, [own]) is stream


def test_streams_without_a_table_need_none(streams, monkeypatch):
    def fail(_):
        raise AssertionError("a table was loaded")

    monkeypatch.setattr(table, "model", fail)
    for stream in streams:
        assert adapt.alone(stream, [Dictionary.from_bytes(b"any")]) is stream
        assert adapt.slots(stream) == frozenset()


def test_another_encoder_s_tokens_stay(own):
    """A text whose tokens are not those that we choose would not come back: it stays as it is."""
    model = shipped()
    vocabulary = model.vocabulary
    tokens = [vocabulary.pieces.index(bytes([byte])) for byte in b" kite"] + [vocabulary.end]
    assert vocabulary.decode(tokens[:-1]) == b"kite"
    assert list(vocabulary.encode(b"kite")) != tokens
    writer = ppm.BitWriter()
    ppm.walk(model, tokens, put=lambda bit, one: writer.bit(one, bit))
    coded = b"\x04" + writer.finish()
    assert entropy.decode_text(coded) == "kite"
    stream = stream_of(("semantic", coded))
    assert adapt.recode(stream, own) is stream


def test_tables_by_slot(streams, own):
    newer = adapt.train(streams[::2], [own])
    assert (table.slot_of(own), table.slot_of(newer)) == (0, 1)
    stream = streams[0]
    old, new = adapt.recode(stream, own), adapt.recode(stream, newer)
    assert (adapt.slots(old), adapt.slots(new)) == ({0}, {1})
    both = [own, newer]
    assert adapt.alone(old, both) == adapt.alone(new, both) == stream
    assert adapt.recode(adapt.alone(old, both), newer) == new
    # An adapted stream holds nothing that a table could make shorter.
    assert adapt.recode(old, newer) is old
    for streams_needing, there in ((old, [newer]), (new, [own]), (new, [])):
        with pytest.raises(MissingDictionary):
            adapt.alone(streams_needing, there)
    every = [
        Dictionary.from_bytes(own.data[:4] + bytes([slot]) + own.data[5:]) for slot in range(table.SLOTS)
    ]
    assert adapt.train(streams, every) is None
    assert table.slot_of(adapt.train(streams, every[:3] + every[4:])) == 3


def test_every_slot_serves_every_form(own):
    for slot in (0, 1, 7, table.SLOTS - 1):
        moved = Dictionary.from_bytes(own.data[:4] + bytes([slot]) + own.data[5:])
        for form in FORMS.values():
            stream = form(random.Random(slot))
            adapted = adapt.recode(stream, moved)
            assert adapt.slots(adapted) == {slot}
            assert adapt.alone(adapted, [moved]) == stream


def test_damaged_tables_are_an_error(streams, own):
    adapted = adapt.recode(streams[0], own)
    other = bytearray(own.data)
    other[6] ^= 1  # the hash of the shipped table
    for bad in (own.data[:5], own.data[:9], own.data[:-7], bytes(other), own.data[:13]):
        damaged = Dictionary.from_bytes(bad)
        with pytest.raises(BitstreamError):
            adapt.alone(adapted, [damaged])
        with pytest.raises(BitstreamError):
            adapt.recode(streams[0], damaged)
    for no_table in (b"", b"PXU", ppm_user.make(["a text"])[0].data, b"PXU\x02\xff" + own.data[5:]):
        with pytest.raises(BitstreamError):
            adapt.recode(streams[0], Dictionary.from_bytes(no_table))
        with pytest.raises(MissingDictionary):
            adapt.alone(adapted, [Dictionary.from_bytes(no_table)])


def test_a_table_that_expands_without_end_takes_no_memory():
    compressor = zstandard.ZstdCompressor().compressobj(size=1 << 28)
    frame = b"".join(compressor.compress(bytes(1 << 20)) for _ in range(1 << 8)) + compressor.flush()
    head = len(table.MAGIC) + 1 + 8
    bomb = Dictionary.from_bytes(table.make(b"\0\0", 0).data[:head] + frame)
    tracemalloc.start()
    with pytest.raises(BitstreamError):
        table.model(bomb)
    assert tracemalloc.get_traced_memory()[1] < 1 << 24
    tracemalloc.stop()
    end = shipped().vocabulary.end.to_bytes(2, "little")
    assert table.model(table.make(end * table.MOST, 0))
    with pytest.raises(BitstreamError):
        table.model(table.make(end * (table.MOST + 1), 0))


@given(st.data())
def test_hostile_streams_are_errors_or_themselves(streams, own, data):
    stream = bytearray(adapt.recode(data.draw(st.sampled_from(streams)), own))
    for _ in range(data.draw(st.integers(1, 4))):
        stream[data.draw(st.integers(0, len(stream) - 1))] = data.draw(st.integers(0, 255))
    stream = bytes(stream[: data.draw(st.integers(0, len(stream)))])
    try:
        given_back = adapt.alone(stream, [own])
    except PromptcodecError:
        return
    assert isinstance(given_back, bytes)


@given(st.binary(max_size=60))
def test_any_bytes_come_back(own, data):
    for stream in (data, stream_of(("semantic", data)), stream_of(("recipe", data))):
        if not adapt.slots(stream):  # no stream that is not adapted says that it is
            assert adapt.alone(adapt.recode(stream, own), [own]) == stream


@given(st.text(min_size=1, max_size=200))
def test_any_text_comes_back(own, text):
    coded = entropy.encode_text(text)
    for stream in (stream_of(("semantic", coded)), stream_of(("recipe", b"\0\0" + coded))):
        assert adapt.alone(adapt.recode(stream, own), [own]) == stream


def test_the_same_table_for_the_same_streams(streams, own):
    shuffled = random.Random(9).sample(streams, len(streams))
    assert adapt.train(iter(shuffled)) == own


def test_a_sample_is_the_same_in_any_order(streams, monkeypatch):
    monkeypatch.setattr(adapt, "_STREAMS", 300)
    monkeypatch.setattr(adapt, "_BYTES", sum(map(len, streams)) // 3)
    shuffled = random.Random(9).sample(streams, len(streams))
    trained = adapt.train(streams)
    assert trained is not None
    assert adapt.train(shuffled) == trained


def test_no_table_where_it_does_not_pay():
    assert adapt.train([]) is None
    assert adapt.train([b"no stream", b""]) is None
    assert adapt.train(archive("text", 12)) is None
    # Texts that have nothing in common.
    chance = random.Random(7)
    strange = ["".join(chance.choices("bcdfgklmnprst aeiou", k=60)).strip() for _ in range(150)]
    assert (
        adapt.train([stream_of(("recipe", b"\0\0" + entropy.encode_text(text))) for text in strange]) is None
    )
    # Texts that have much in common, beside layers a hundred times as long.
    long = [replace(bitstream.read(stream, bare=True)) for stream in archive("text", 120)]
    pixels = [
        Part(BY_NAME["pixels"].id, hashlib.sha256(bytes([at])).digest() * 600) for at in range(len(long))
    ]
    streams = [
        bitstream.write(replace(stream, parts=(*stream.parts, other)), bare=True)
        for stream, other in zip(long, pixels, strict=True)
    ]
    assert adapt.train(streams) is None


def test_what_a_table_saves_is_as_estimated():
    """With the table, twice, all is at least a hundredth shorter: of what was chosen from and of more."""
    for form, count in (("text", 200), ("joined", 250), ("verbatim", 60)):
        streams = archive(form, count)
        trained = adapt.train(streams)
        before = sum(map(len, streams))
        after = sum(len(adapt.recode(stream, trained)) for stream in streams) + table.COPIES * len(
            trained.data
        )
        assert after < (1 - adapt.LEAST) * before, form


def test_a_table_s_texts_are_not_the_trained_zstd_dictionary_s(own):
    """A table is no dictionary that a stream outside could name."""
    with pytest.raises(PromptcodecError):
        entropy.encode_text("a kite", "ppm", dictionary=own)
    assert zstd_dictionary.as_dictionary(own.data) == own


KILN = b"a weathered kiln, painted in colours nobody remembers"


@pytest.mark.parametrize(
    ("stream", "adapted"),
    [
        (
            "8005e0034104278553ba96820d5431086f6f149ea46d7f7673849339ae",
            "8005e0034125278553b95551beab0e",
        ),
        (
            "8005e003417f078aa6f78e0e80230d6addf0da0a69b3bd8cf082d58fd02df44385",
            "8005e003413507920cb7f0a752d1d4da0dbe04cf4342",
        ),
        (
            "8005e003440108dc249de38dc253310669195a9410b4abca25bd32cd2df6e1e9fefe2f18c214e0fcb4",
            "8005e003440108dc249de38dc253316587402edaec088adfa1c2378da1",
        ),
    ],
    ids=["text", "joined", "recipe"],
)
def test_adapted_bytes_are_for_ever(stream, adapted):
    """Streams of archives that are there already come back to the byte from what they are there."""
    tokens = [shipped().vocabulary.encode(text).tobytes() for text in (KILN, NEGATIVE.encode())]
    own = table.make(b"".join(tokens), 5)
    assert adapt.recode(bytes.fromhex(stream), own).hex() == adapted
    assert adapt.alone(bytes.fromhex(adapted), [own]).hex() == stream
