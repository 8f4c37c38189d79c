"""Descriptions as a captioner with words writes them, composed from captions.

The ``local`` captioner only names colours and textures. One that sees what is there fills
cells with words, and its texts must be cheap too. No such texts exist that may be trained on,
so these put phrases of allow-listed captions where words go; they make no sense as pictures.
"""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from promptcodec.description import (
    PALETTE,
    Box,
    Cell,
    Description,
    Lettering,
    SceneObject,
    clean,
    format_text,
)
from promptcodec.description.model import ARRANGEMENTS, CONTINUES, ORIENTATIONS, TEXTURES, TONES
from promptcodec.layers.semantic.beside import words_of

_MEDIA = (
    *("photo", "photograph", "photo", "photo", "close-up photo", "black and white photo", "aerial photo"),
    *("oil painting", "watercolour", "acrylic painting", "digital painting", "digital illustration"),
    *("anime illustration", "anime", "cartoon", "comic panel", "3D render", "pixel art", "vector graphic"),
    *("pencil drawing", "ink drawing", "charcoal sketch", "screenshot", "poster", "logo", "infographic"),
)
_LIGHT = (
    *("soft daylight", "bright daylight", "golden hour", "warm evening light", "overcast", "soft, diffuse"),
    *("harsh midday sun", "bright, from the left", "bright, from the right", "from above", "backlit"),
    *("low key", "high key", "neon", "studio light", "candlelight", "dim", "dark", "bright", "flat"),
    *("warm, from the left", "cool, from above", "soft window light", "moonlight", "dramatic, high contrast"),
)
_MOOD = (
    *("calm", "serene", "quiet", "peaceful", "cheerful", "playful", "warm", "cosy", "tense", "dramatic"),
    *("mysterious", "melancholic", "lonely", "nostalgic", "romantic", "dreamy", "energetic", "festive"),
    *("solemn", "majestic", "gloomy", "eerie", "hopeful", "intimate", "clean", "elegant", "everyday"),
)
_MANNER = ("", "", "printed", "painted", "handwritten", "neon", "carved", "bold white", "on a sign", "logo")
_ATTRIBUTES = (
    *("red", "blue", "green", "white", "black", "brown", "grey", "yellow", "orange", "pink", "purple"),
    *(
        "dark",
        "light blue",
        "dark green",
        "wooden",
        "metal",
        "large",
        "small",
        "round",
        "tall",
        "old",
        "open",
    ),
    *("seated", "standing", "smiling", "seen from behind", "in profile", "in the foreground", "striped"),
)
_CLAUSE = re.compile(r"[,.;:]\s+|\s+(?:and|while|which|with|that|as|where)\s+")
_LEAD = re.compile(
    r"^(?:there (?:is|are)|it is|is|are|the image (?:shows|features)|in the background)\s+", re.IGNORECASE
)


def phrases(caption: str) -> list[str]:
    """Cut a caption into phrases of 2 to 9 words."""
    cut = (_LEAD.sub("", clean(part)).strip(" .\"'") for part in _CLAUSE.split(caption))
    parts = [part[:1].lower() + part[1:] for part in cut if 2 <= len(part.split()) <= 9]
    return [part for part in parts if part]


def words(captions: list[str], prompts: list[str]) -> list[str]:
    """Compose the words of descriptions beside a colour map: summary, objects, lettering, no cells."""
    things = _things(prompts)
    result = []
    for seed, caption in enumerate(captions):
        pick = random.Random(seed)
        sentences = re.split(r"(?<=[.!?])\s", clean(caption))
        summary = clean(" ".join(sentences[: pick.choice((1, 1, 2))])[:400])
        named = [
            re.sub(r"^(?:an?|the|one|two) ", "", name.lower())
            for name in pick.sample(things, pick.randint(0, 4))
        ]
        objects = [
            SceneObject(name, Box(1, 1, 1, 1), tuple(pick.sample(_ATTRIBUTES, pick.choice((0, 0, 1, 2)))))
            for name in named
        ]
        lettering = _lettering(pick, caption, lambda: Box(1, 1, 1, 1))
        light = pick.choice(("", "", "", *_LIGHT))
        description = Description(
            pick.choice(_MEDIA), 1, 1, (Cell(),), summary, light, "", tuple(objects), lettering
        )
        result.append(words_of(description))
    return result


def _lettering(pick: random.Random, caption: str, box: Callable[[], Box]) -> tuple[Lettering, ...]:
    words = re.findall(r"\b[A-Z][A-Za-z]{2,9}\b", caption)
    return tuple(
        Lettering(pick.choice((word, word.upper())), box(), pick.choice(_MANNER))
        for word in pick.sample(words, min(len(words), pick.choice((0, 0, 0, 1, 2))))
    )


def scan(caption: str, things: list[str], seed: int) -> str | None:
    """Compose one description; None where the caption gives too few phrases.

    Args:
        caption: a dense caption; cells take its phrases in order.
        things: short prompts such as "a red car"; names of objects.
        seed: fixes every choice.
    """
    pick = random.Random(seed)
    texts = phrases(caption)
    if len(texts) < 4:
        return None
    rows, cols = pick.choice(((2, 2), (2, 3), (3, 2), (3, 3), (3, 3), (3, 4), (4, 3), (4, 4), (2, 4), (4, 6)))
    colours = pick.sample(list(PALETTE), 9)
    cells = tuple(_cell(pick, colours, texts, index, cols) for index in range(rows * cols))
    summary = clean(re.split(r"(?<=[.!?])\s", clean(caption))[0][:300])

    def box() -> Box:
        top, left = pick.randint(1, rows), pick.randint(1, cols)
        return Box(top, left, pick.randint(top, rows), pick.randint(left, cols))

    objects = tuple(
        SceneObject(re.sub(r"^(?:an?|the|one|two) ", "", name.lower()), box(), ())
        for name in pick.sample(things, pick.choice((0, 0, 1, 2, 3, 4)))
    )
    lettering = _lettering(pick, caption, box)
    return format_text(
        Description(
            pick.choice(_MEDIA),
            rows,
            cols,
            cells,
            summary,
            pick.choice(("", *_LIGHT)),
            pick.choice(("", *_MOOD)),
            objects,
            lettering,
        )
    )


def _cell(pick: random.Random, colours: list[str], texts: list[str], index: int, cols: int) -> Cell:
    ways = [
        way for way in CONTINUES if (way == "left" and index % cols) or (way == "above" and index >= cols)
    ]
    text = texts[index % len(texts)] if pick.random() < 0.8 and index < 2 * len(texts) else ""
    if ways and pick.random() < 0.35:
        tone = pick.choice(("", *TONES))
        texture = pick.choice(("", "", *TEXTURES))
        return Cell(pick.choice(ways), tone, texture=texture, text=text if pick.random() < 0.5 else "")
    # Colours early in the list are those the picture is mostly made of.
    named = [colours[min(int(pick.expovariate(0.45)), 8)] for _ in range(pick.choice((1, 1, 2)))]
    texture = pick.choice(("", *TEXTURES))
    orientation = pick.choice(ORIENTATIONS) if texture and pick.random() < 0.2 else ""
    return Cell(
        "", "", tuple(named), pick.choice(ARRANGEMENTS) if len(named) == 2 else "", texture, orientation, text
    )


def scans(captions: list[str], prompts: list[str], number: int) -> list[str]:
    """Compose up to ``number`` descriptions from captions and short prompts."""
    things = _things(prompts)
    texts = (scan(captions[i % len(captions)], things, i) for i in range(number))
    return [text for text in texts if text]


def _things(prompts: list[str]) -> list[str]:
    """Give short prompts such as "a red car"."""
    things = [piece for prompt in prompts for piece in prompt.split(" and ") if 2 <= len(piece.split()) <= 4]
    things = [thing for thing in things if clean(thing.replace(",", "")) and thing.isascii()]
    return [clean(thing.replace(",", "")) for thing in things]
