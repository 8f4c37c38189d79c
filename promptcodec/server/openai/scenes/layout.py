"""From what a prompt names to a scene: everything has its place."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from itertools import pairwise

from promptcodec.description.palette import PALETTE
from promptcodec.server.openai.scenes.lexicon import Entry, lexicon
from promptcodec.server.openai.scenes.reading import Mention, Named, parse
from promptcodec.server.openai.scenes.scene import Band, Scene, Thing

_MOST_THINGS = 12
_TOPS = {"far": 0.28, "water": 0.52, "ground": 0.58, "floor": 0.62}
_FAR_ENDS = 0.66
_BEHIND = {"indoors": "wall", "plain": "backdrop", "underwater": "water"}
_ORDER = {"sky": 0, "through": 1, "raised": 3}
_WIDE = {"stars", "rainbow"}
"""Shapes that fill the sky."""


def read(prompt: str) -> Scene:
    """Lay out what a prompt speaks of; the same words give the same scene."""
    named = parse(prompt)
    outdoors = _is_outdoors(named)
    bands = _bands(named, outdoors=outdoors)
    sky = named.sky or ("day" if outdoors else "indoors" if bands else "plain")
    back = Band(_BEHIND.get(sky, "sky"), 0.0, 1.0, _backdrop(named, sky, bands))
    things = tuple(_things(named.things, bands))[:_MOST_THINGS]
    return Scene(prompt, named.medium, sky, (back, *bands), things, named.grey)


def _is_outdoors(named: Named) -> bool:
    if "floor" in named.bands:
        return False
    skyward = {"sky", "water", "through", "raised"}
    return bool(named.sky or named.bands) or any(
        each.at in skyward or each.entry.get("out", False) for each in named.things
    )


def _backdrop(named: Named, sky: str, bands: tuple[Band, ...]) -> tuple[str, ...]:
    """Give the colours of what is behind everything."""
    if named.backdrop:
        return (named.backdrop,)
    if sky == "plain" and not bands and not named.things:
        # Words that name nothing: their own colours, else some that they always get.
        chance = random.Random(str(named.colours))  # noqa: S311 - not a secret
        return tuple(named.colours) or tuple(chance.sample(sorted(PALETTE), 3))
    return tuple(lexicon().skies[sky]["colours"])


def _bands(named: Named, *, outdoors: bool) -> tuple[Band, ...]:
    """Lay the bands: the far one at the horizon, water before it, then the ground."""
    known, entries = lexicon().bands, dict(named.bands)
    beside = entries.get("ground", {}).get("beside", "")
    if beside and not entries.keys() & {"far", "water"}:
        entries[known[beside]["band"]] = known[beside]
    grounded = any(each.at in {"ground", "raised", "through"} for each in named.things)
    if named.sky in {"space", "underwater"}:
        entries = {band: entry for band, entry in entries.items() if band == "ground"}
    elif not outdoors:
        needed = "floor" in entries or (grounded and not named.backdrop)
        entries = {"floor": entries.get("floor", known["floor"])} if needed else {}
    elif any(each.at == "water" for each in named.things):
        entries.setdefault("water", known["sea"])
    elif "water" not in entries or grounded:
        entries.setdefault("ground", known["field"])
    order = [band for band in _TOPS if band in entries]
    return tuple(_band(band, entries[band], order) for band in order)


def _band(band: str, entry: Entry, among: list[str]) -> Band:
    several = len(among) > 1
    top = (0.72 if "water" in among else 0.62) if band == "ground" and several else _TOPS[band]
    bottom = _FAR_ENDS if band == "far" and several else 1.0
    return Band(entry["name"], top, bottom, tuple(entry["colours"]), entry.get("edge", "flat"))


def _things(mentions: list[Mention], bands: tuple[Band, ...]) -> Iterator[Thing]:
    """Give each thing its place: side by side on the ground, on another thing, or in the air."""
    carriers: dict[int, Mention] = {}
    for first, second in pairwise(mentions):
        if first.stands_on(second):
            carriers[id(first)] = second
        elif first.holds(second):
            carriers[id(second)] = first
    apart = [
        each for each in mentions if each.at in {"ground", "water", "middle"} and id(each) not in carriers
    ]
    laid: dict[int, Thing] = {}
    for each in sorted(mentions, key=lambda one: id(one) in carriers):
        x = (apart.index(each) + 1) / (len(apart) + 1) if each in apart else 0.5
        thing = _placed(each, x, bands, alone=len(mentions) == 1)
        if base := carriers.get(id(each)):
            under = laid[id(base)]
            bottom = under.bottom - under.size * base.entry["holds"]
            thing = replace(thing, size=min(thing.size, under.size * 0.6), x=under.x, bottom=bottom)
        laid[id(each)] = thing if each.x is None else replace(thing, x=each.x)
    for each in sorted(mentions, key=lambda one: (_ORDER.get(one.at, 2), id(one) in carriers, one.scale)):
        base = carriers.get(id(each))
        yield from _several(laid[id(each)], each.count, laid[id(base)].size * 0.8 if base else 0.84)


def _placed(each: Mention, x: float, bands: tuple[Band, ...], *, alone: bool) -> Thing:
    """Give a thing the place that it has by itself."""
    ground = max((band.top for band in bands), default=0.6)
    water = next((band.top for band in bands if band.name in lexicon().bands and _is_water(band)), ground)
    size = each.entry["size"] * each.scale * (1.2 if alone and each.at not in {"sky", "through"} else 1.0)
    shape = each.entry["shape"]
    if each.at == "through":
        size, bottom = (1.0 - ground) * 1.6, 1.0
    elif each.at == "ground":
        bottom = min(ground + (0.26 if each.scale >= 1 else 0.08), 0.95)
    elif each.at == "water":
        bottom = min(water + 0.16, 0.9)
    elif each.at == "middle":
        bottom = 0.5 + size / 2
    elif shape in _WIDE:
        bottom = ground
    elif shape == "cloud":
        bottom = 0.3
    elif shape == "disc":
        x, bottom = (0.7, 0.1 + size) if size < 0.3 else (0.5, 0.5 + size / 2)
    else:
        size *= 1.25 if alone else 1.0
        x, bottom = 0.45, max(min(ground, 0.6) * (1.0 if alone else 0.6), size + 0.06)
    return Thing(each.name, shape, each.colour or each.entry["colour"], x, bottom, size, bool(each.colour))


def _is_water(band: Band) -> bool:
    return bool(lexicon().bands[band.name]["band"] == "water")


def _several(thing: Thing, count: int, room: float) -> Iterator[Thing]:
    """Give as many as there are, side by side in a part of the width."""
    if count == 1:
        yield thing
        return
    smaller = thing.size * (0.85 if count < 4 else 0.65)
    step = min(room / count, smaller * 0.9)
    for number in range(count):
        x = thing.x + (number - (count - 1) / 2) * step
        lift = 0.05 * (number * 7 % 3 - 1)
        yield replace(thing, x=min(max(x, 0.08), 0.92), bottom=min(thing.bottom + lift, 0.97), size=smaller)
