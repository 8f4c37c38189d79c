"""The eleven basic colour words, for every palette name, and the colours that texts speak of.

English has eleven basic colour words (Berlin and Kay, "Basic Color Terms", 1969). They are what people
search for, and none of them but "orange" is also a thing, as "camel", "salmon" and "rust" are.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

from promptcodec.description.palette import PALETTE

BASIC = ("black", "white", "grey", "red", "green", "blue", "yellow", "orange", "brown", "pink", "purple")

GREYS = ("black", "white", "grey")
"""The basic words that name no hue."""

_MEMBERS = {
    # Tinted greys are greys: in a sentence nobody searches for the tint.
    "black": "black, near black, brownish black, greenish black",
    "dark grey": "charcoal, dark grey, iron grey, dark warm grey, dark greenish grey, gunmetal, dark slate, "
    "dark purplish grey",
    "grey": "medium grey, grey, ash grey, brownish grey, warm grey, greenish grey, slate grey, cool grey, "
    "purplish grey",
    "light grey": "silver, light grey, pale grey, stone, bone, pale greenish grey, light blue grey",
    "white": "white, off white",
    "dark brown": "espresso, dark brown, umber, olive brown, mahogany, chocolate",
    "brown": "reddish brown, brown, cinnamon, rosy brown, greyish brown, bronze, rust",
    "light brown": "light brown, taupe, caramel, camel, khaki, dark beige, tan, sand, beige",
    "dark orange": "burnt orange, dark orange",
    "orange": "reddish orange, dusty orange, orange",
    "light orange": "light orange, peach",
    "dark yellow": "ochre",
    "yellow": "gold, golden yellow, yellow",
    "light yellow": "light yellow, cream",
    "dark green": "dark olive, army green, forest green, dark green, dark greyish green",
    "green": "olive, olive green, moss green, greyish green, grass green, green, emerald, sea green",
    "light green": "light olive, yellow green, lime green, sage, light green, pale green, mint, light teal",
    # From a hue of 195 degrees (Oklab) what lies between green and blue is a blue.
    "dark blue": "dark teal, navy, dark slate blue, dark blue",
    "blue": "teal, dusty teal, slate blue, greyish blue, denim, steel blue, royal blue, blue, azure",
    "light blue": "turquoise, cyan, dusty blue, sky blue, powder blue, light blue, pale blue",
    "dark purple": "indigo, dark purple",
    "purple": "purple, greyish purple, dusty purple, violet",
    "light purple": "periwinkle, lavender, lilac",
    "dark pink": "magenta",
    "pink": "hot pink, pink, dusty pink, salmon, coral",
    "light pink": "light pink, pale pink",
    "red": "bright red, red",
    "dark red": "brick red, dark red, maroon",
}
_BASIC_OF = {name: basic for basic, names in _MEMBERS.items() for name in names.split(", ")}

_STANDS_FOR = {
    **{name: name for name in PALETTE},
    # Basic words that the palette has no name of its own for: the palette colour most like each.
    "dark yellow": "ochre",
    "light purple": "lavender",
    "dark pink": "magenta",
    "light red": "coral",
}
_WORDS = re.compile(r"\b(" + "|".join(sorted(_STANDS_FOR, key=len, reverse=True)) + r")\b", re.IGNORECASE)


def basic_colour(name: str) -> str:
    """Give the basic words of a palette colour: one of BASIC, "light" or "dark" before it where that fits.

    Raises:
        KeyError: the palette has no such name.
    """
    return _BASIC_OF[name]


def is_grey(words: str) -> bool:
    """Say whether basic words name no hue."""
    return words.rsplit(maxsplit=1)[-1] in GREYS


def palette_name(words: str) -> str:
    """Give the palette colour that a name or basic words stand for, in any case; ``""`` for other words."""
    return _STANDS_FOR.get(words.lower(), "")


def names_in(text: str) -> list[str]:
    """Give the palette colours that a text speaks of, in order; "dark red" is not also "red"."""
    return [palette_name(words) for words in _WORDS.findall(text)]


def rename_colours(text: str, others: Mapping[str, str]) -> str:
    """Put other colour words into a text; of "dark red" never the "red" alone is replaced.

    Args:
        text: any words.
        others: what to say for each palette name or basic word, in lower case; the others stay.
    """
    return _WORDS.sub(lambda match: others.get(match[0].lower(), match[0]), text)
