"""A folder as people have them: sixty files of every kind, and what is to become of each."""

from __future__ import annotations

import io
import os
from collections import Counter
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
from PIL import Image

FORMATS = {
    "png": "PNG", "jpg": "JPEG", "jpeg": "JPEG", "jfif": "JPEG", "jpe": "JPEG", "gif": "GIF", "bmp": "BMP",
    "webp": "WEBP", "tif": "TIFF", "tiff": "TIFF", "ppm": "PPM", "tga": "TGA", "ico": "ICO", "JPG": "JPEG",
}  # fmt: skip
# Also names that no shell likes.
PICTURES = [
    *(f"trip.{suffix}" for suffix in FORMATS),
    "case.png", "CASE.PNG", "two words.png", "-dash.png", "[set] 1.png", "50%.png", "a\nb.png",
    os.fsdecode(b"caf\xe9.png"), "caf\N{LATIN SMALL LETTER E WITH ACUTE}.png", "\N{SNOWMAN}.png",
    "n" * 200 + ".png", "x.tar.png", "2024/trip.png", "2024/06/trip.png", "2024/06/trip.jpg",
    "album.png/1.png",
]  # fmt: skip
BROKEN = {
    "empty.png": b"",
    "empty.jpg": b"",
    "page.jpg": b"<!DOCTYPE html><title>404</title>",
    "cut.png": None,
    "cut.jpg": None,
    "2024/zeros.png": bytes(4096),
    "l" * 250 + ".png": None,  # there is no room for .pxt in its result's name
}
OTHERS = ("notes.txt", "film.mp4", "trip.xmp", "README", "2024/trip.pdf", "trip.png.bak")
QUIET = (
    "._trip.jpg", "2024/._trip.png", ".DS_Store", "Thumbs.db", "2024/desktop.ini", ".nomedia", "trip.png.pxt",
    "@eaDir/trip.png", "__MACOSX/2024/._trip.png",
)  # fmt: skip
HIDDEN = (".trashed-1.png", ".cache/1.png", ".cache/2.png")


@dataclass
class Messy:
    """What a run over the folder comes to.

    Attributes:
        done, failed: names of files, below the folder.
        skipped: counts by reason, as the summary has them.
    """

    done: set[str] = field(default_factory=set)
    failed: set[str] = field(default_factory=set)
    skipped: Counter[str] = field(default_factory=Counter)


def picture(number, kind):
    """Make a small picture unlike those of other numbers."""
    coarse = np.random.default_rng(number).integers(0, 256, (3, 4, 3), np.uint8)
    file = io.BytesIO()
    Image.fromarray(coarse).resize((32, 24), Image.Resampling.BICUBIC).save(file, kind)
    return file.getvalue()


def kind_of(name):
    return FORMATS.get(Path(name).suffix[1:], "PNG")


def make(folder):
    """Make the folder; say what is to become of what is in it."""
    contents = {name: picture(number, kind_of(name)) for number, name in enumerate(PICTURES)}
    for number, name in enumerate(BROKEN):
        data = BROKEN[name]
        whole = picture(100 + number, kind_of(name))
        contents[name] = (whole[: len(whole) // 2] if "cut" in name else whole) if data is None else data
    contents |= dict.fromkeys((*OTHERS, *QUIET, *HIDDEN), picture(200, "PNG"))
    for name, data in contents.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_bytes(data)
    (folder / "link.png").symlink_to("trip.png")
    os.link(folder / "trip.jpg", folder / "2024" / "zz hard.jpg")
    (folder / "gone.png").symlink_to("nowhere.png")
    (folder / "round.png").symlink_to("round.png")
    (folder / "2024" / "loop").symlink_to(folder)
    os.mkfifo(folder / "pipe.png")
    skipped = {
        "broken links": 2, "hidden": 1, "hidden folder": 1, "link to a folder": 1, "not images": len(OTHERS),
        "pipe or device": 1, "the same file again": 2,
    }  # fmt: skip
    done = {*PICTURES, "2024/zz hard.jpg"} - {"trip.jpg"}  # of one file the name that comes first
    return Messy(done, set(BROKEN), Counter(skipped))
