"""Where recipes stand in files: every carrier, in every form that writers give it."""

from __future__ import annotations

import io
import json
import struct
import sys
import zlib
from pathlib import Path
from xml.sax.saxutils import escape, quoteattr

import brotli
import numpy as np
import pytest
from PIL import Image

from promptcodec.layers import recipe as recipe_layer
from promptcodec.recipe import read, read_metadata
from promptcodec.vision.png import bare

sys.path.append(str(Path(__file__).parent))
import recipe_files

PROMPT = "a windmill by a canal, fog"
WORDS = (
    f"{PROMPT}\nNegative prompt: people\nSteps: 21, Sampler: Euler a, CFG scale: 6, Seed: 4711, Size: 640x512"
)
GRAPH = {
    "1": recipe_files.node("CheckpointLoaderSimple", ckpt_name="polder.safetensors"),
    "2": recipe_files.node("CLIPTextEncode", clip=["1", 1], text=PROMPT),
    "3": recipe_files.node("CLIPTextEncode", clip=["1", 1], text="people"),
    "4": recipe_files.node("EmptyLatentImage", width=640, height=512, batch_size=1),
    "5": recipe_files.node(
        "KSampler", model=["1", 0], positive=["2", 0], negative=["3", 0], latent_image=["4", 0], seed=4711,
        steps=21, cfg=6, sampler_name="euler", scheduler="normal", denoise=1,
    ),
    "6": recipe_files.node("SaveImage", images=["5", 0], filename_prefix="x"),
}  # fmt: skip
GRAPH_TEXT = json.dumps(GRAPH)
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def fields(recipe):
    """The fields that every file here says."""
    settings = recipe.settings
    return settings.prompt, settings.negative, settings.seed, settings.steps, settings.width


ALL = (PROMPT, "people", 4711, 21, 640)


def packet(inner, declared=""):
    return (
        '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?><x:xmpmeta xmlns:x="adobe:ns:meta/">'
        f'<rdf:RDF xmlns:rdf="{RDF}"><rdf:Description rdf:about="" {declared}>{inner}</rdf:Description>'
        '</rdf:RDF></x:xmpmeta><?xpacket end="w"?>'
    ).encode()


def exif_block(*entries, order=">"):
    """A TIFF block with these ``(tag, type, bytes)`` in its first directory."""
    place = 8 + 2 + 12 * len(entries) + 4
    rows = contents = b""
    for tag, kind, value in entries:
        inside = value.ljust(4, b"\0") if len(value) <= 4 else struct.pack(order + "I", place + len(contents))
        contents += value if len(value) > 4 else b""
        rows += struct.pack(order + "HHI", tag, kind, len(value)) + inside
    head = b"MM\0*" if order == ">" else b"II*\0"
    return head + struct.pack(order + "IH", 8, len(entries)) + rows + bytes(4) + contents


def segment(marker, body):
    return b"\xff" + bytes([marker]) + struct.pack(">H", len(body) + 2) + body


def jpeg(*segments):
    plain = recipe_files.saved("JPEG")
    return plain[:2] + b"".join(segments) + plain[2:]


def comment(value, *, tag=0x9286, kind=7, order=">"):
    return jpeg(segment(0xE1, b"Exif\0\0" + exif_block((tag, kind, value), order=order)))


def comes_back(data):
    """What is stored of a file is read again as it is."""
    recipe = read(data)
    again = recipe_layer.decode(recipe_layer.encode(recipe))
    return again.chunks == recipe.chunks and fields(again) == fields(recipe)


@pytest.mark.parametrize("order", [">", "<"])
@pytest.mark.parametrize(
    "value",
    [
        b"UNICODE\0" + WORDS.encode("utf-16-be"),
        b"UNICODE\0" + WORDS.encode("utf-16-le"),
        b"UNICODE\0" + WORDS.encode("utf-16"),
        b"UNICODE\0\xfe\xff" + WORDS.encode("utf-16-be"),
        b"UNICODE\0" + WORDS.encode("utf-16-be") + b"\0",
        b"UNICODE\0" + WORDS.encode(),
        b"UNICODE\0\xef\xbb\xbf" + WORDS.encode() + b"\0",
        b"Unicode\0" + WORDS.encode("utf-16-be"),
        b"ASCII\0\0\0" + WORDS.encode() + b"\0",
        b"ASCII\0\0\0\xef\xbb\xbf" + WORDS.encode(),
        b"ASCII\0\0\0" + WORDS.encode("utf-16-le"),
        b"JIS\0\0\0\0\0" + WORDS.encode("iso2022_jp"),
        bytes(8) + WORDS.encode(),
        WORDS.encode(),
        WORDS.encode("utf-16"),
        WORDS.encode("utf-16-be"),
    ],
)
def test_encodings_of_a_comment(value, order):
    data = comment(value, order=order)
    assert fields(read(data)) == ALL
    assert comes_back(data)


@pytest.mark.parametrize("encoding", ["utf-16-be", "utf-16-le", "utf-8"])
def test_scripts_without_zeros(encoding):
    text = WORDS.replace(PROMPT, "運河沿いの風車、霧 🌫" * 30)
    for mark in (b"UNICODE\0", b"ASCII\0\0\0"):
        recipe = read(comment(mark + text.encode(encoding)))
        assert recipe.settings.prompt == "運河沿いの風車、霧 🌫" * 30
    japanese = read(comment(b"JIS\0\0\0\0\0" + WORDS.replace("fog", "霧").encode("iso2022_jp")))
    assert japanese.settings.prompt == "a windmill by a canal, 霧"


@pytest.mark.parametrize(
    ("tag", "kind", "encoding"),
    [
        (0x010E, 2, "utf-8"), (0x010E, 129, "utf-8"), (0x9286, 129, "utf-8"), (0x9C9C, 1, "utf-16-le"),
        (0x9C9F, 1, "utf-16-le"), (0x010D, 2, "utf-8"), (0x0110, 2, "utf-8"), (0x0131, 2, "utf-8"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("words", [WORDS, GRAPH_TEXT])
def test_tags_of_exif(tag, kind, encoding, words):
    data = comment(words.encode(encoding) + bytes(2 if encoding == "utf-16-le" else 1), tag=tag, kind=kind)
    assert fields(read(data)) == ALL
    assert comes_back(data)


WHOLE = {
    "a graph": GRAPH_TEXT,
    "beside a site's own": json.dumps({**GRAPH, "extra": {"airs": ["urn:x"]}, "extraMetadata": "{}"}),
    "both under their names": json.dumps({"prompt": GRAPH, "workflow": {"nodes": [], "links": []}}),
    "as texts under their names": json.dumps({"prompt": GRAPH_TEXT, "workflow": "{}"}),
    "behind a label": "prompt:" + GRAPH_TEXT,
    "behind a label with a space": "Prompt: " + GRAPH_TEXT,
}


@pytest.mark.parametrize("form", WHOLE)
def test_whole_comments(form):
    words = WHOLE[form]
    assert fields(read(comment(b"UNICODE\0" + words.encode("utf-16-be")))) == ALL
    assert fields(read(comment(words.encode(), tag=0x010E, kind=2))) == ALL
    assert fields(read(jpeg(segment(0xFE, b"by hand"), segment(0xFE, words.encode())))) == ALL
    assert fields(read(recipe_files.with_texts(Comment=words))) == ALL
    assert fields(read(recipe_files.saved("GIF", comment=words.encode()))) == ALL


XMP = {
    "element": (f"<comfy:prompt>{escape(GRAPH_TEXT)}</comfy:prompt>", 'xmlns:comfy="urn:c"'),
    "attribute": ("", f'xmlns:comfy="urn:c" comfy:prompt={quoteattr(GRAPH_TEXT)}'),
    "CDATA": (f"<comfy:prompt><![CDATA[{GRAPH_TEXT}]]></comfy:prompt>", 'xmlns:comfy="urn:c"'),
    "description": (
        (
            '<dc:description><rdf:Alt><rdf:li xml:lang="de">Windmühle</rdf:li><rdf:li xml:lang="x-default">'
            f"{escape(WORDS)}</rdf:li></rdf:Alt></dc:description>"
        ),
        'xmlns:dc="http://purl.org/dc/elements/1.1/"',
    ),
    "plain description": (f"<dc:description>{escape(WORDS)}</dc:description>", 'xmlns:dc="urn:dc"'),
    "comment": (
        (
            f'<exif:UserComment><rdf:Alt><rdf:li xml:lang="x-default">{escape(WORDS)}</rdf:li></rdf:Alt>'
            "</exif:UserComment>"
        ),
        'xmlns:exif="http://ns.adobe.com/exif/1.0/"',
    ),
    "title of a tag": ("", f'xmlns:tiff="urn:t" tiff:ImageDescription={quoteattr(GRAPH_TEXT)}'),
    "parameters": (f"<sd:parameters>{escape(WORDS)}</sd:parameters>", 'xmlns:sd="urn:sd"'),
    "namespace undeclared": (f"<comfy:prompt>{escape(GRAPH_TEXT)}</comfy:prompt>", ""),
}


@pytest.mark.parametrize("form", XMP)
def test_xmp(form):
    xmp = packet(*XMP[form])
    files = [
        recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + xmp)),
        recipe_files.png((b"iTXt", b"XML:com.adobe.xmp\0\1\0\0\0" + zlib.compress(xmp))),
        jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + xmp)),
        recipe_files.saved("WEBP", xmp=xmp),
        recipe_files.saved("AVIF", xmp=xmp),
        recipe_files.saved("TIFF", tiffinfo={700: xmp}),
        heic((b"mime", b"application/rdf+xml\0", xmp)),
        recipe_files.saved("WEBP", xmp=xmp.decode().encode("utf-16")),
        jxl((b"xml ", xmp)),
        jxl((b"brob", b"xml " + brotli.compress(xmp))),
    ]
    for data in files:
        assert fields(read(data)) == ALL
    assert comes_back(files[0])
    assert comes_back(files[-1])


def heic(*items, idat=False):
    """A HEIC without a picture: ``(type, content type, content)`` of its items."""

    def box(kind, body):
        return struct.pack(">I4s", len(body) + 8, kind) + body

    infos = b"".join(
        box(b"infe", b"\2\0\0\0" + struct.pack(">HH", n, 0) + kind + b"\0" + mime)
        for n, (kind, mime, _) in enumerate(items, 1)
    )
    iinf = box(b"iinf", b"\0\0\0\0" + struct.pack(">H", len(items)) + infos)
    contents = b"".join(content for _, _, content in items)

    def meta(start):
        rows, at = b"", start
        for n, (_, _, content) in enumerate(items, 1):
            half = len(content) // 2  # in two pieces
            rows += struct.pack(">HHHH", n, int(idat), 0, 2)
            rows += struct.pack(">IIII", at, half, at + half, len(content) - half)
            at += len(content)
        iloc = box(b"iloc", b"\1\0\0\0\x44\0" + struct.pack(">H", len(items)) + rows)
        return box(b"meta", bytes(4) + iinf + iloc + (box(b"idat", contents) if idat else b""))

    head = box(b"ftyp", b"heic\0\0\0\0mif1heic")
    start = 0 if idat else len(head) + len(meta(0)) + 8
    return head + meta(start) + (b"" if idat else box(b"mdat", contents))


def jxl(*boxes):
    head = b"\0\0\0\x0cJXL \r\n\x87\n" + b"\0\0\0\x14ftypjxl \0\0\0\0jxl "
    return head + b"".join(struct.pack(">I4s", len(body) + 8, kind) + body for kind, body in boxes)


@pytest.mark.parametrize("idat", [True, False])
def test_exif_as_an_item(idat):
    block = exif_block((0x9286, 7, b"ASCII\0\0\0" + WORDS.encode()))
    for content in (bytes(4) + block, b"\0\0\0\x06Exif\0\0" + block):
        assert fields(read(heic((b"Exif", b"", content), idat=idat))) == ALL
        assert fields(read(jxl((b"Exif", content)))) == ALL
        assert fields(read(jxl((b"brob", b"Exif" + brotli.compress(content))))) == ALL


def test_packed_boxes_that_are_damaged_or_endless():
    for packed in (b"junk", brotli.compress(bytes(100_000_000), quality=1)):
        metadata = read_metadata(jxl((b"brob", b"xml " + packed)))
        assert metadata.recipe is None
        assert "packed metadata box" in metadata.warnings[0]


def test_extended_xmp():
    xmp = packet(
        f"<comfy:prompt>{escape(GRAPH_TEXT)}</comfy:prompt><x>{'filler ' * 20_000}</x>", 'xmlns:comfy="c"'
    )
    first = packet(
        "", 'xmlns:xmpNote="http://ns.adobe.com/xmp/note/" xmpNote:HasExtendedXMP="' + "A" * 32 + '"'
    )
    pieces = [
        segment(
            0xE1,
            b"http://ns.adobe.com/xmp/extension/\0"
            + b"A" * 32
            + struct.pack(">II", len(xmp), at)
            + xmp[at : at + 60_000],
        )
        for at in range(0, len(xmp), 60_000)
    ]
    assert len(pieces) == 3
    for ordered in (pieces, pieces[::-1]):
        data = jpeg(segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + first), *ordered)
        assert fields(read(data)) == ALL
    cut = read_metadata(jpeg(pieces[0], pieces[2]))
    assert cut.recipe is None
    assert "extended XMP" in cut.warnings[0]


def test_iptc_captions():
    record = b"\x1c\2\x05\0\x03mill"[:-1] + b"\x1c\2\x78" + struct.pack(">H", len(WORDS)) + WORDS.encode()
    odd = record + b"\0" * (len(record) % 2)
    resources = b"8BIM\x04\x04\0\0" + struct.pack(">I", len(record)) + odd
    other = b"8BIM\x03\xed\x03abc\0\0\0\x02zz"
    assert fields(read(jpeg(segment(0xED, b"Photoshop 3.0\0" + other + resources)))) == ALL
    assert fields(read(recipe_files.saved("TIFF", tiffinfo={34377: other + resources}))) == ALL
    assert fields(read(recipe_files.png(profile("iptc", resources)))) == ALL
    long = b"\x1c\2\x78\x80\x04" + struct.pack(">I", len(WORDS)) + WORDS.encode()
    assert fields(read(recipe_files.png(profile("8bim", long)))) == ALL


def profile(kind, content, chunk=b"zTXt"):
    """A profile as ImageMagick writes it."""
    digits = content.hex()
    lines = "\n".join(digits[at : at + 72] for at in range(0, len(digits), 72))
    body = f"\n{kind}\n{len(content):8d}\n{lines}\n".encode()
    key = f"Raw profile type {kind}".encode() + b"\0"
    return chunk, key + (b"\0" + zlib.compress(body) if chunk == b"zTXt" else body)


@pytest.mark.parametrize("chunk", [b"zTXt", b"tEXt"])
def test_profiles_in_hexadecimal_digits(chunk):
    block = exif_block((0x9286, 7, b"UNICODE\0" + WORDS.encode("utf-16-be")))
    xmp = packet(*XMP["parameters"])
    for kind, content in (
        ("exif", b"Exif\0\0" + block), ("exif", block), ("APP1", b"Exif\0\0" + block), ("xmp", xmp),
        ("APP1", b"http://ns.adobe.com/xap/1.0/\0" + xmp),
    ):  # fmt: skip
        data = recipe_files.png(profile(kind, content, chunk))
        assert fields(read(data)) == ALL
        assert comes_back(data)


def test_tiff():
    exif = Image.Exif()
    exif[0x010E] = WORDS
    for data in (
        recipe_files.saved("TIFF", tiffinfo=exif),
        exif_block((0x010E, 2, WORDS.encode()), order="<"),
    ):
        assert fields(read(data)) == ALL
        assert comes_back(data)


def stealth(words, *, channels, signature, down, size=(96, 80), form="PNG"):
    """A picture with a text in the lowest bits of its alpha channel or its colours."""
    body = words.encode() if signature.endswith(b"info") else zlib.compress(words.encode(), wbits=31)
    bits = np.unpackbits(np.frombuffer(signature + struct.pack(">I", 8 * len(body)) + body, np.uint8))
    width, height = size
    samples = np.random.default_rng(5).integers(0, 127, (height, width, channels), np.uint8) * 2
    samples[..., 3:] = 254
    places = [3] if b"png" in signature else [0, 1, 2]
    lines = samples[..., places] if not down else np.swapaxes(samples[..., places], 0, 1)
    flat = lines.reshape(-1).copy()
    flat[: bits.size] |= bits
    changed = flat.reshape(lines.shape)
    samples[..., places] = np.swapaxes(changed, 0, 1) if down else changed
    file = io.BytesIO()
    Image.fromarray(samples).save(file, form, **({"lossless": True, "exact": True} if form == "WEBP" else {}))
    return file.getvalue()


@pytest.mark.parametrize("form", ["PNG", "WEBP"])
@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize(
    ("channels", "signature"),
    [
        (3, b"stealth_rgbinfo"), (3, b"stealth_rgbcomp"), (4, b"stealth_rgbinfo"), (4, b"stealth_rgbcomp"),
        (4, b"stealth_pnginfo"), (4, b"stealth_pngcomp"),
    ],
)  # fmt: skip
def test_stealth_texts(channels, signature, down, form):
    for size in ((96, 80), (9, 900), (900, 9)):
        data = stealth(WORDS, channels=channels, signature=signature, down=down, form=form, size=size)
        assert fields(read(data)) == ALL
    assert comes_back(data)


def filtered(samples, number):
    """A PNG whose rows all have this filter."""
    height, width, channels = samples.shape
    padded = np.zeros((height + 1, width + 1, channels), int)
    padded[1:, 1:] = samples
    left, up, corner = padded[1:, :-1], padded[:-1, 1:], padded[:-1, :-1]
    estimate = left + up - corner
    a, b, c = (abs(estimate - neighbour) for neighbour in (left, up, corner))
    paeth = np.where((a <= b) & (a <= c), left, np.where(b <= c, up, corner))
    predicted = (0 * left, left, up, (left + up) // 2, paeth)[number]
    rows = ((samples - predicted) & 255).astype(np.uint8).reshape(height, -1)
    packed = zlib.compress(b"".join(bytes([number]) + row.tobytes() for row in rows))
    head = struct.pack(">IIBBBBB", width, height, 8, 2 if channels == 3 else 6, 0, 0, 0)
    half = len(packed) // 2
    parts = ((b"IHDR", head), (b"IDAT", packed[:half]), (b"IDAT", packed[half:]), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(recipe_files.chunk(*part) for part in parts)


@pytest.mark.parametrize("number", range(5))
@pytest.mark.parametrize("down", [True, False])
@pytest.mark.parametrize(("channels", "signature"), [(3, b"stealth_rgbcomp"), (4, b"stealth_pngcomp")])
def test_stealth_texts_under_every_filter(number, down, channels, signature):
    plain = stealth(WORDS, channels=channels, signature=signature, down=down)
    with Image.open(io.BytesIO(plain)) as image:
        samples = np.asarray(image).astype(int)
    data = filtered(samples, number)
    with Image.open(io.BytesIO(data)) as image:
        assert (np.asarray(image) == samples).all()
    assert fields(read(data)) == ALL


def test_pictures_without_a_hidden_text_are_not_decoded(monkeypatch):
    rng = np.random.default_rng(8)
    file = io.BytesIO()
    Image.fromarray(rng.integers(0, 255, (80, 96, 3), np.uint8)).save(file, "PNG")
    monkeypatch.setattr(Image, "open", None)
    assert read_metadata(file.getvalue()).recipe is None


def test_a_stealth_text_longer_than_its_picture():
    bits = np.unpackbits(np.frombuffer(b"stealth_rgbinfo\xff\xff\xff\xff", np.uint8))
    pixels = np.full(900, 254, np.uint8)
    pixels[: bits.size] |= bits
    file = io.BytesIO()
    Image.fromarray(pixels.reshape(15, 20, 3)).save(file, "PNG")
    assert read_metadata(file.getvalue()) == read_metadata(recipe_files.png())


def test_many_small_chunks_before_the_recipe():
    tags = [recipe_files.text(f"exif:Tag{n}", "1/100") for n in range(100)]
    data = recipe_files.png(*tags, recipe_files.text("parameters", WORDS))
    assert fields(read(data)) == ALL
    assert comes_back(data)
    assert fields(read(recipe_files.png(*tags * 9, recipe_files.text("parameters", WORDS)))) == ALL


def test_wrong_checksums():
    data = bytearray(recipe_files.with_texts(parameters=WORDS))
    place = data.index(b"canal")
    data[place : place + 5] = b"river"
    assert read(bytes(data)).settings.prompt == "a windmill by a river, fog"
    with Image.open(io.BytesIO(bare(bytes(data)))) as image:
        image.load()
        assert image.size == (8, 8)


def test_long_metadata():
    padded = json.dumps({"nodes": [], "links": [], "extra": {"picture": "A" * 1_200_000}})
    beside = recipe_files.png(
        (b"iTXt", b"workflow\0\1\0\0\0" + zlib.compress(padded.encode())),
        recipe_files.text("parameters", WORDS),
    )
    metadata = read_metadata(beside)
    assert fields(metadata.recipe) == ALL
    assert [chunk.key for chunk in metadata.recipe.chunks] == ["parameters"]
    assert "262144 bytes" in metadata.warnings[0]
    within = {**GRAPH, "9": recipe_files.node("Note", text="A" * 1_200_000)}
    metadata = read_metadata(recipe_files.with_texts(prompt=json.dumps(within)))
    assert fields(metadata.recipe) == ALL
    assert metadata.recipe.chunks == ()
    assert "its fields are kept" in metadata.warnings[0]
    part = recipe_layer.fit(metadata.recipe, None)
    assert fields(recipe_layer.decode(part)) == ALL


def test_a_bare_png_keeps_the_picture():
    array = np.random.default_rng(3).integers(0, 255, (40, 50, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(array).save(file, "PNG")
    plain = file.getvalue()
    assert bare(plain) == plain
    junk = recipe_files.chunk(b"zzZz", b"") * 3000 + recipe_files.chunk(b"tEXt", b"a\0" + b"b" * 9_000)
    stuffed = plain[:33] + junk + plain[33:-12] + recipe_files.chunk(b"IDAT", b"") * 5000 + plain[-12:]
    assert bare(stuffed) == plain
    start = plain.index(b"IDAT") + 4
    body = plain[start : start + int.from_bytes(plain[start - 8 : start - 4], "big")]
    shreds = b"".join(recipe_files.chunk(b"IDAT", body[at : at + 1]) for at in range(len(body)))
    with Image.open(io.BytesIO(bare(plain[: start - 8] + shreds + plain[-12:]))) as image:
        assert (np.asarray(image) == array).all()


def test_a_million_chunks():
    """Time in steps of the interpreter would take as long as it counts: read and bared in seconds."""
    from tests.work import lines_run

    few, many = (recipe_files.png(*[(b"tEXt", b"")] * n) for n in (1_000, 10_000))
    assert lines_run(lambda: read_metadata(many)) < 11 * lines_run(lambda: read_metadata(few))
    many = recipe_files.png()[:33] + recipe_files.chunk(b"tEXt", b"") * 1_000_000 + recipe_files.png()[33:]
    assert bare(many) == recipe_files.png()
