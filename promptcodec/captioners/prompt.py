"""A prompt is a caption, where the picture agrees with it.

A file's own prompt is nearly always what the picture shows, and says it better than any
captioner; but files are edited, and prompts are pasted. So it is believed unless it speaks
only of other kinds of objects than those seen for sure.
"""

from __future__ import annotations

import re

KINDS = {
    "people": "person people man men woman women girl girls boy boys child children lady guy portrait face "
    "princess prince king queen warrior knight soldier character figure human crowd couple shaman "
    "wizard witch elf bride model dancer baby selfie",
    "animals": "animal animals cat dog bird horse fish lion tiger bear fox wolf shark insect butterfly "
    "dragon creature elephant monkey rabbit owl snake spider frog cow sheep kitten puppy fox "
    "caracal coon",
    "nature": "landscape mountain mountains forest tree trees wood woods sea ocean lake river water beach "
    "sky cloud clouds field meadow valley desert island snow sunset sunrise nature scenery garden "
    "flower flowers rose roses waterfall reef jungle park coast seashore volcano galaxy space "
    "planet stars",
    "buildings": "city street building buildings house castle church temple tower room kitchen interior "
    "bridge skyline architecture ruins palace school asylum shop village town cathedral hall "
    "library skyscraper",
    "food": "food pizza cake fruit apple burger bread coffee soup plate dish dessert vegetables cheese meal",
    "vehicles": "car bicycle bike motorcycle truck bus train boat ship aircraft airplane plane rocket "
    "spaceship",
    "machines": "robot computer keyboard machine phone screen",
}
_KIND = {word: kind for kind, words in KINDS.items() for word in words.split()}


def kinds(text: str) -> set[str]:
    """Give the kinds of objects a text speaks of."""
    return {_KIND[word] for word in re.findall(r"[a-z]+", text.lower()) if word in _KIND}


def agrees(prompt: str, seen: str) -> bool:
    """Say whether a prompt may describe a picture.

    Args:
        prompt: in plain words.
        seen: what is sure to be in the picture, in words; may be empty.
    """
    named, shown = kinds(prompt), kinds(seen)
    return not named or not shown or bool(named & shown)
