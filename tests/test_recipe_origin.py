"""Marks that a picture was generated: C2PA manifests in every container, IPTC's terms, China's label."""

from __future__ import annotations

import json
import struct
import sys
import time
import tracemalloc
import zlib
from pathlib import Path
from xml.sax.saxutils import escape

import cbor2
import pytest

from promptcodec.recipe import read_metadata
from promptcodec.recipe.jumbf import statements
from promptcodec.recipe.origin import SOURCES, Origin

sys.path.append(str(Path(__file__).parent))
import recipe_files

IPTC = "http://cv.iptc.org/newscodes/digitalsourcetype/"
C2PA = "http://c2pa.org/digitalsourcetype/"
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
UUID = bytes.fromhex("d8fec3d61b0e483c92975828877ec481")


def box(kind, body, *, wide=False):
    if wide:
        return struct.pack(">I4sQ", 1, kind, len(body) + 16) + body
    return struct.pack(">I4s", len(body) + 8, kind) + body


def superbox(label, *boxes, kind=b"c2as", wide=False):
    head = kind + bytes.fromhex("00110010800000aa00389b71") + b"\3" + label.encode() + b"\0"
    return box(b"jumb", box(b"jumd", head) + b"".join(boxes), wide=wide)


def cbor(label, value):
    return superbox(label, box(b"cbor", cbor2.dumps(value)), kind=b"cbor")


def manifest(source=None, *, generator=None, label="urn:uuid:1", more=()):
    action = {"action": "c2pa.created", **({"digitalSourceType": source} if source else {}), "parameters": {}}
    claim = {"claim_generator": "lib/1", **({"claim_generator_info": generator} if generator else {})}
    assertions = superbox("c2pa.assertions", cbor("c2pa.actions", {"actions": [action]}), *more)
    signature = superbox(
        "c2pa.signature", box(b"cbor", cbor2.dumps(cbor2.CBORTag(18, [b"", {}, None, b"x"])))
    )
    return superbox(label, assertions, cbor("c2pa.claim.v2", claim), signature, kind=b"c2ma")


def store(*manifests, wide=False):
    return superbox("c2pa", *manifests, kind=b"c2pa", wide=wide)


def segment(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def in_jpeg(jumbf, size=500):
    plain = recipe_files.saved("JPEG")
    pieces = [jumbf[at : at + size] for at in range(0, len(jumbf), size)]
    head = jumbf[:8]
    segments = [
        segment(0xEB, b"JP\0\1" + struct.pack(">I", n) + (head if n > 1 else b"") + piece)
        for n, piece in enumerate(pieces, 1)
    ]
    return plain[:2] + b"".join(segments) + plain[2:]


def in_webp(jumbf):
    data = (
        recipe_files.saved("WEBP")
        + struct.pack("<4sI", b"C2PA", len(jumbf))
        + jumbf
        + b"\0" * (len(jumbf) % 2)
    )
    return data[:4] + struct.pack("<I", len(data) - 8) + data[8:]


def in_tiff(jumbf):
    rows = struct.pack("<HHII", 52545, 7, len(jumbf), 26)
    return b"II*\0\x08\0\0\0\x01\0" + rows + bytes(4) + jumbf


CONTAINERS = {
    "PNG": lambda jumbf: recipe_files.png((b"caBX", jumbf)),
    "JPEG": in_jpeg,
    "JPEG in one piece": lambda jumbf: in_jpeg(jumbf, 60_000),
    "WebP": in_webp,
    "AVIF": lambda jumbf: (
        recipe_files.saved("AVIF") + box(b"uuid", UUID + bytes(4) + b"manifest\0" + bytes(8) + jumbf)
    ),
    "JPEG XL": lambda jumbf: b"\0\0\0\x0cJXL \r\n\x87\n" + jumbf,
    "TIFF": in_tiff,
}


@pytest.mark.parametrize("container", CONTAINERS)
def test_manifests_in_every_container(container):
    jumbf = store(manifest(IPTC + "trainedAlgorithmicMedia", generator=[{"name": "Brush", "version": "2"}]))
    origin = read_metadata(CONTAINERS[container](jumbf)).origin
    assert origin == Origin(c2pa=True, source="trainedAlgorithmicMedia", generator="Brush 2")
    assert origin.to_json() == {"c2pa": True, "source": "trainedAlgorithmicMedia", "generator": "Brush 2"}


@pytest.mark.parametrize("name", SOURCES)
def test_every_source_type(name):
    address = (C2PA if name in ("empty", "trainedAlgorithmicData") else IPTC) + name
    packet = f"<x xmlns:I='i'><I:DigitalSourceType>{address}</I:DigitalSourceType></x>".encode()
    files = [
        recipe_files.png((b"caBX", store(manifest(address)))),
        recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)),
    ]
    assert [read_metadata(file).origin.source for file in files] == [name, name]


@pytest.mark.parametrize(
    "value",
    [
        IPTC + "compositeWithTrainedAlgorithmicMedia",
        "https://cv.iptc.org/newscodes/digitalsourcetype/compositeWithTrainedAlgorithmicMedia/",
        "digsrctype:compositeWithTrainedAlgorithmicMedia",
        "compositeWithTrainedAlgorithmicMedia",
        "CompositeWithTrainedAlgorithmicMedia",
    ],
)
def test_spellings_in_xmp(value):
    for packet in (
        f'<r:Description xmlns:r="r" xmlns:I="i" I:DigitalSourceType="{value}"/>',
        f'<I:DigitalSourceType xmlns:I="i" xmlns:rdf="{RDF}" rdf:resource="{value}"/>',
    ):
        data = recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode()))
        assert read_metadata(data).origin.source == "compositeWithTrainedAlgorithmicMedia"


def test_generated_wins_and_the_last_manifest_is_the_pictures_own():
    older = manifest(IPTC + "trainedAlgorithmicMedia", generator={"name": "Brush"}, label="a")
    newer = manifest(IPTC + "humanEdits", generator={"name": "Scissors"}, label="b")
    origin = read_metadata(recipe_files.png((b"caBX", store(older, newer)))).origin
    assert (origin.source, origin.generator) == ("trainedAlgorithmicMedia", "Scissors")
    photo = store(manifest(IPTC + "digitalCapture", label="a"), manifest(IPTC + "humanEdits", label="b"))
    assert read_metadata(recipe_files.png((b"caBX", photo))).origin.source == "humanEdits"
    assert read_metadata(recipe_files.png((b"caBX", store(manifest())))).origin == Origin(
        c2pa=True, generator="lib/1"
    )


def test_json_assertions_and_wide_boxes():
    creative = superbox(
        "stds.iptc",
        box(b"json", json.dumps({"Iptc4xmpExt:DigitalSourceType": IPTC + "digitalArt"}).encode()),
        kind=b"json",
    )
    jumbf = store(manifest(more=(creative,)), wide=True)
    assert read_metadata(recipe_files.png((b"caBX", jumbf))).origin.source == "digitalArt"
    assert read_metadata(in_jpeg(jumbf, 100_000)).origin.source == "digitalArt"


def test_a_store_whose_boxes_are_broken():
    loose = superbox(
        "c2pa", cbor2.dumps({"digitalSourceType": IPTC + "trainedAlgorithmicMedia", "x": "rallActions"})
    )
    assert read_metadata(recipe_files.png((b"caBX", loose))).origin.source == "trainedAlgorithmicMedia"


HOSTILE = {
    "deep arrays": b"\x81" * 200_000 + b"\0",
    "deep tags": b"\xd8\x40" * 200_000 + b"\0",
    "long text": b"\x7b\x00\x00\x00\x0f\xff\xff\xff\xff" + b"a" * 99,
    "long array": b"\x9b\x00\x00\x00\x0f\xff\xff\xff\xff" + b"\1" * 99,
    "long map": b"\xbb\x00\x00\x00\x0f\xff\xff\xff\xff" + b"\1" * 99,
    "endless array": b"\x9f" + b"\x80" * 300_000,
    "large number": b"\xc5\x82\x1b\x00\x00\x00\x0f\xff\xff\xff\xff\x01",
    "large fraction": b"\xc4\x82\x1b\x00\x00\x00\x0f\xff\xff\xff\xff\x01",
    "shared": b"\xd8\x1c\x81\xd8\x1d\x00",
    "pattern": b"\xd8\x23\x78\x20" + b"(a+)+" * 6 + b"$$",
    "lists as keys": b"\xa1\x81\x00\x00",
    "junk": b"\xff\xfe\xfd",
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_cbor(name):
    jumbf = store(superbox("c2pa.actions", box(b"cbor", HOSTILE[name])))
    tracemalloc.start()
    started = time.process_time()
    origin = read_metadata(recipe_files.png((b"caBX", jumbf))).origin
    assert time.process_time() - started < 2
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert origin == Origin(c2pa=True)
    assert peak < 50_000_000


def nested(levels):
    inner = box(b"cbor", b"\1")
    for _ in range(levels):
        inner = superbox("x", inner)
    return inner


@pytest.mark.parametrize(
    "jumbf",
    [
        nested(500),
        superbox("c2pa", *[superbox("x")] * 20_000),
        superbox("c2pa", *[box(b"zzzz", b"")] * 20_000),
        struct.pack(">I4s", 0xFFFFFFFF, b"jumb") + b"c2pa",
        struct.pack(">I4s", 0, b"jumb") + struct.pack(">I4s", 0, b"jumb") * 500,
        struct.pack(">I4sQ", 1, b"jumb", 3),
        struct.pack(">I4s", 4, b"jumb") * 90,
    ],
)
def test_hostile_boxes(jumbf):
    started = time.process_time()
    assert all(statement.value is not None for statement in statements(jumbf))
    for container in CONTAINERS.values():
        assert read_metadata(container(jumbf)).origin.source is None
    assert time.process_time() - started < 2


def test_cut_stores():
    jumbf = store(manifest(IPTC + "trainedAlgorithmicMedia", generator={"name": "Brush"}))
    for length in range(0, len(jumbf), 7):
        origin = read_metadata(recipe_files.png((b"caBX", jumbf[:length]))).origin
        assert origin.source in (None, "trainedAlgorithmicMedia")


LABEL = {"Label": "1", "ContentProducer": "001191", "ProduceID": "7", "ReservedCode1": ""}


def exif_file(tag, words):
    from PIL import Image

    exif = Image.Exif()
    if tag == 0x9286:
        exif.get_ifd(0x8769)[tag] = b"ASCII\0\0\0" + words.encode()
    else:
        exif[tag] = words
    return recipe_files.saved("JPEG", exif=exif)


def test_a_signature_in_exif():
    from PIL import Image

    exif = Image.Exif()
    exif[0x010E], exif[0x013B] = "Signature: " + "aB3+" * 20 + "==", "0a0b0c0d-1111-4222-8333-944455556666"
    assert read_metadata(recipe_files.saved("JPEG", exif=exif)).origin.generator == "xAI Grok"
    exif[0x013B] = "a painter"
    assert read_metadata(recipe_files.saved("JPEG", exif=exif)).origin == Origin()


def test_the_label_of_tc260():
    plain, wrapped = json.dumps(LABEL), json.dumps({"AIGC": LABEL})
    packet = f"<x xmlns:TC260='urn:t'><TC260:AIGC>{escape(plain)}</TC260:AIGC></x>".encode()
    attribute = f"<x xmlns:T='urn:t' T:AIGC='{plain}'/>".encode()
    inner = "".join(f"<T:{key}>{value}</T:{key}>" for key, value in LABEL.items())
    structure = f"<T:AIGC xmlns:T='urn:t'>{inner}</T:AIGC>".encode()
    files = [
        recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet)),
        recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(attribute))),
        recipe_files.saved("WEBP", xmp=packet),
        recipe_files.with_texts(AIGC=plain),
        recipe_files.with_texts(AIGC=wrapped),
        recipe_files.png(recipe_files.text("TC260:aigc", plain)),
        recipe_files.saved("WEBP", xmp=structure),
        exif_file(0x9286, wrapped),
        exif_file(0x010E, wrapped),
        exif_file(0x9286, json.dumps({"AIGC": plain})),
        exif_file(0x9286, "AIGC" + plain + " and more"),
    ]
    for data in files:
        metadata = read_metadata(data)
        assert metadata.origin.label == "TC260 AIGC 1: generated"
        assert (metadata.recipe, metadata.warnings) == (None, ())
        assert metadata.origin.to_json()["label"] == "TC260 AIGC 1: generated"
    second = read_metadata(recipe_files.with_texts(AIGC=json.dumps({"Label": "2"}))).origin
    assert second.label == "TC260 AIGC 2: possibly generated"
    provider = read_metadata(recipe_files.with_texts(AIGC=json.dumps({"ServiceProvider": "x"}))).origin
    assert provider.label == "TC260 AIGC"
    assert read_metadata(recipe_files.with_texts(Comment="AIGC {} is a label", AIGC="{}")).origin == Origin()
