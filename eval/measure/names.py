"""Names of things, compared: plural and singular, longer and shorter, broader; and those in a sentence."""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator

from promptcodec.description.basic import BASIC

_MEMBERS = {
    "animal": "alpaca ape bear bee bird bug butterfly cat cow crab creature crocodile deer dinosaur dog "
    "dragon elephant fish fox frog giraffe goat horse insect jellyfish lion lizard monkey mouse "
    "octopus otter panda panther pig puppy rabbit rhino sheep snake spider squirrel tiger turtle "
    "unicorn whale wolf zebra",
    "bird": "chicken condor crane dove duck eagle flamingo gull heron jay macaw nuthatch owl parrot "
    "peacock pelican penguin pigeon seabird seagull swan toucan vulture wren",
    "fish": "discus goldfish shark trout",
    "vehicle": "aircraft airship bicycle bike boat bus car cart jeep locomotive motorbike motorcycle rocket "
    "scooter sled spacecraft spaceship suv tank taxi tractor train tram truck van wagon",
    "aircraft": "airliner airplane balloon glider helicopter jet plane",
    "boat": "canoe ferry kayak raft rowboat sailboat ship warship yacht",
    "food": "biscuit bread burger cake candy cheese chocolate dessert egg fruit hamburger meal meat "
    "noodle pancake pasta pastry pie pizza rice roll salad sandwich sausage soup steak vegetable",
    "fruit": "apple avocado banana berry blueberry grape grapefruit lemon lime mango melon orange pear "
    "pomegranate strawberry",
    "vegetable": "asparagus broccoli cabbage carrot corn onion pepper potato tomato",
    "plant": "bush cactus fern flower foliage grass ivy leaf moss shrub succulent tree vine",
    "flower": "blossom chrysanthemum daffodil daisy dandelion hibiscus lily lotus orchid poppy rose "
    "sunflower tulip",
    "tree": "birch conifer cypress fir oak palm pine spruce willow",
    "building": "barn cabin castle cathedral chapel church cottage factory farmhouse fortress hotel house "
    "hut lighthouse mansion mill mosque pagoda palace shed skyscraper temple tower warehouse windmill",
    "furniture": "armchair bed bench bookcase bookshelf cabinet chair couch cupboard desk dresser shelf sofa "
    "stool table wardrobe",
    "person": "adult angel assassin astronaut athlete baby boy bride child clown couple cowboy cyclist "
    "dancer diver fairy family farmer friend geisha girl groom group hiker horseman king knight "
    "lady man model nun passenger pedestrian pirate player queen rider runner sailor samurai "
    "skateboarder skater skier soldier sorcerer sorceress student surfer swimmer walker warrior "
    "wizard woman worker",
    "clothing": "blouse cloak coat dress gown hat hoodie jacket jeans kimono robe shirt shoe skirt suit "
    "sweater trousers vest",
}  # fmt: skip

_PLURALS = {
    "people": "person", "men": "man", "women": "woman", "children": "child", "feet": "foot", "teeth": "tooth",
    "mice": "mouse", "geese": "goose", "leaves": "leaf", "shelves": "shelf", "wolves": "wolf",
    "knives": "knife", "scarves": "scarf", "halves": "half", "elves": "elf", "loaves": "loaf", "buses": "bus",
    "shoes": "shoe", "toes": "toe", "pies": "pie", "ties": "tie",
}  # fmt: skip

_BROADER = {
    name: {wide for wide, members in _MEMBERS.items() if name in members.split()}
    for name in " ".join(_MEMBERS.values()).split()
}

CROWDS = ("group", "crowd", "family", "audience")
"""Words for at least three people."""

NO_THINGS = frozenset((
    "object", "background", "area", "scene", "view", "part", "side", "top", "centre", "front", "back",
    "light", "photo", "photograph", "painting", "illustration", "drawing", "sketch", "graphic",
    "render", "screenshot", "picture", "image", "set", "close", "plain", "short", "stand",
))  # fmt: skip
"""No things in a sentence, though labels may call things so: how something is shown, and where; and verbs."""

LONGEST = 3
"""Words of the longest name."""

_COLOURS = re.compile(rf"\b((light|dark|pale|bright|deep) )?({'|'.join(BASIC)})\b")


def singular(name: str) -> str:
    """Give a name in lower case with its last word in the singular, as far as its letters say."""
    *rest, last = name.lower().split()
    return " ".join((*rest, _PLURALS.get(last) or _singular(last)))


def _singular(word: str) -> str:
    if word.endswith(("ss", "us", "is")) or not word.endswith("s"):
        return word
    if word.endswith("ies"):
        return f"{word[:-3]}y"
    return word[:-2] if word.endswith(("sses", "shes", "ches", "xes", "oes")) else word[:-1]


def heads(name: str) -> set[str]:
    """Give a name and the shorter ones it ends in, singular: a sports car is a car, a bird of prey a bird."""
    words = re.split(r" (?:of|with|in|on) ", name.lower())[0].split()
    return {singular(" ".join(words[start:])) for start in range(len(words))} | {singular(name)}


def broader(name: str) -> set[str]:
    """Give the broader words for a singular name; none for a word that the table does not know."""
    direct = _BROADER.get(name, set())
    return direct.union(*map(broader, direct))


def all_heads(names: Iterable[str]) -> set[str]:
    """Give what these names end in."""
    return {head for name in names for head in heads(name)}


def all_broader(names: Iterable[str]) -> set[str]:
    """Give these singular names and the broader words for them."""
    kept = set(names)
    return kept.union(*map(broader, kept))


def is_person(name: str) -> bool:
    """Say whether a name is of humans."""
    return any(head == "person" or "person" in broader(head) for head in heads(name))


def table() -> set[str]:
    """Give every name of the table of broader words."""
    return {*_MEMBERS, *_BROADER}


def runs(text: str) -> list[str]:
    """Give every name that may be in a text: its runs of words without its colours; singular."""
    return [singular(run) for words in _phrases(text) for run in _runs(words)]


def _runs(words: list[str]) -> list[str]:
    return [
        " ".join(words[start : start + count])
        for start in range(len(words))
        for count in range(1, LONGEST + 1)
        if start + count <= len(words)
    ]


def _phrases(text: str) -> list[list[str]]:
    """Give the words of a text, cut where a mark or a colour stands."""
    return [re.findall(r"[\w'-]+", part) for part in re.split(r"[,;:.!?()]", _COLOURS.sub(",", text.lower()))]


def names_in(text: str, known: Collection[str]) -> list[str]:
    """Give the names of things in a sentence, in order.

    Args:
        text: what a captioner wrote.
        known: names, singular.

    Returns:
        Known names, the longest of each place; one that follows another without a word between is one name
        with it ("stone wall"). Colours and NO_THINGS are left out.
    """
    return [name for words in _phrases(text) for name in _names(words, known)]


def _names(words: list[str], known: Collection[str]) -> Iterator[str]:
    start, name = 0, ""
    while start < len(words):
        runs_here = (" ".join(words[start : start + count]) for count in range(LONGEST, 0, -1))
        longest = next((run for run in runs_here if singular(run) in known), "")
        if not longest and name:
            yield name
        name = f"{name} {longest}".strip() if longest else ""
        start += max(1, len(longest.split()))
    if name:
        yield name
