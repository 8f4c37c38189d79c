"""Whether a picture says that it was generated, without saying how: C2PA, IPTC, China's AIGC label."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from promptcodec.recipe.carriers import Carried
from promptcodec.recipe.jumbf import Statement, statements
from promptcodec.recipe.texts import COMMENTS, texts_of
from promptcodec.recipe.values import load_object, text

# IPTC's vocabulary of digital source types with its retired terms, and C2PA's own two.
# https://cv.iptc.org/newscodes/digitalsourcetype/, C2PA specification 2.2, section 18.15
SOURCES = (
    "trainedAlgorithmicMedia", "compositeWithTrainedAlgorithmicMedia", "algorithmicMedia",
    "algorithmicallyEnhanced", "compositeSynthetic", "trainedAlgorithmicData", "dataDrivenMedia",
    "composite", "compositeCapture", "computationalCapture", "multiFrameComputationalCapture",
    "digitalCapture", "digitalCreation", "digitalArt", "softwareImage", "humanEdits", "minorHumanEdits",
    "negativeFilm", "positiveFilm", "print", "screenCapture", "virtualRecording", "empty",
)  # fmt: skip
_GENERATED = SOURCES[:6]  # the first to be said where several are named
_BY_NAME = {name.lower(): name for name in SOURCES}
_SOURCE_KEYS = {"digitalsourcetype", "iptc4xmpext:digitalsourcetype"}
# For manifests whose boxes are broken: CBOR sets nothing between texts, so only known names are looked for.
_LOOSE = re.compile(("digitalsourcetype/(" + "|".join(sorted(SOURCES, key=len, reverse=True)) + ")").encode())
_LABEL = re.compile(r'AIGC"?\s{0,8}:?\s{0,8}(?=\{)')
# GB 45438-2025: what the label's first field says.
_LABELS = {"1": "generated", "2": "possibly generated", "3": "suspected to be generated"}
_LABEL_FIELDS = {
    "Label", "ContentProducer", "ProduceID", "ContentPropagator", "PropagateID", "ReservedCode1",
    "ReservedCode2", "ServiceProvider", "ServiceUser",
}  # fmt: skip
# xAI's Grok signs a picture in its description, and names its request where an artist would stand.
_SIGNATURE = re.compile(r"Signature: ?[A-Za-z0-9+/=]{40,}\s*")
_REQUEST = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")
_LONGEST_LABEL = 100_000  # characters of a comment that are looked at
_MOST_VALUES = 20_000


@dataclass(frozen=True, slots=True)
class Origin:
    """What is said about a picture's origin.

    Attributes:
        c2pa: there is a C2PA manifest. Its signature is not checked.
        source: IPTC's digital source type, such as ``trainedAlgorithmicMedia``, from XMP or the manifest.
        generator: the program that the manifest, IPTC's field or a signature of its form names.
        label: the AIGC label of China's standard TC260 (GB 45438).
    """

    c2pa: bool = False
    source: str | None = None
    generator: str | None = None
    label: str | None = None

    def to_json(self) -> dict[str, Any]:
        """Give it as a JSON object."""
        more = {"generator": self.generator, "label": self.label}
        return {"c2pa": self.c2pa, "source": self.source, **{k: v for k, v in more.items() if v}}


def origin_of(carried: Carried) -> Origin:
    """Find the marks; generative source types win where several are named."""
    texts = texts_of(carried.chunks)
    stated = sorted(statements(carried.c2pa), key=lambda statement: -statement.manifest)
    named = [name for statement in stated for name in _sources(statement.value)]
    store = bytes(carried.c2pa) if carried.c2pa and not named else b""
    named += [match.decode() for match in _LOOSE.findall(store)]
    named += [name for key, value in texts.items() if key.lower() in _SOURCE_KEYS for name in _source(value)]
    named += [
        match.decode()
        for chunk in carried.chunks
        if chunk.carrier == "xmp"
        for match in _LOOSE.findall(chunk.data)
    ]
    generated = sorted((name for name in named if name in _GENERATED), key=_GENERATED.index)
    return Origin(
        _is_c2pa(carried.c2pa),
        next(iter(generated or named), None),
        _generator(stated) or text(texts.get("AISystemUsed")) or _signer(texts),
        _label(texts),
    )


def _is_c2pa(store: bytes | memoryview) -> bool:
    return b"c2pa" in bytes(store[:4096])


def _source(value: Any) -> Iterator[str]:
    """Give the source type that a text names: as an address, a code with a prefix, or alone."""
    if isinstance(value, str) and len(value) < 200:
        name = re.split(r"[/:#]", value.strip().rstrip("/"))[-1]
        if name.lower() in _BY_NAME:
            yield _BY_NAME[name.lower()]


def _sources(value: Any) -> Iterator[str]:
    """Give the source types in a decoded value, wherever they stand under their key."""
    todo = [value]
    for item in todo:
        if isinstance(item, dict):
            for key, inner in item.items():
                if isinstance(key, str) and key.lower() in _SOURCE_KEYS:
                    yield from _source(inner)
                elif len(todo) < _MOST_VALUES:
                    todo.append(inner)
        elif isinstance(item, list) and len(todo) < _MOST_VALUES:
            todo.extend(item[:_MOST_VALUES])


def _generator(stated: list[Statement]) -> str | None:
    """Name the program of the newest claim."""
    for statement in stated:
        claim = statement.value
        if not statement.label.startswith("c2pa.claim") or not isinstance(claim, dict):
            continue
        info = claim.get("claim_generator_info")
        info = info[0] if isinstance(info, list) and info else info
        if isinstance(info, dict) and text(info.get("name")):
            version = text(info.get("version"))
            return f"{info['name']} {version}" if version else str(info["name"])
        return text(claim.get("claim_generator"))
    return None


def _signer(texts: Mapping[str, str]) -> str | None:
    description, artist = texts.get("ImageDescription", ""), texts.get("Artist", "")
    return "xAI Grok" if _SIGNATURE.fullmatch(description) and _REQUEST.fullmatch(artist) else None


def _label(texts: Mapping[str, str]) -> str | None:
    """Read the label: a JSON object, alone under its key or inside a comment."""
    labels = [_object_at_start(value) for key, value in texts.items() if key.lower().endswith("aigc")]
    labels.append(
        {key: texts[key] for key in _LABEL_FIELDS & set(texts)} if "ContentProducer" in texts else None
    )
    for key in COMMENTS:
        value = texts.get(key, "")[:_LONGEST_LABEL]
        match = _LABEL.search(value)
        whole = load_object(value) if "AIGC" in value else None
        labels += [_inner(whole)] if whole else [_object_at_start(value[match.end() :])] if match else []
    for fields in labels:
        if fields and _LABEL_FIELDS & set(fields):
            label = str(fields.get("Label", "")).strip()
            return f"TC260 AIGC {label}: {_LABELS.get(label, 'meaning unknown')}" if label else "TC260 AIGC"
    return None


def _object_at_start(value: str) -> dict[str, Any] | None:
    """Parse the object at the start of a text, whatever follows."""
    whole = load_object(value)
    return _inner(whole) if whole else load_object(value[: value.find("}") + 1])


def _inner(whole: Mapping[str, Any]) -> dict[str, Any] | None:
    inner = whole.get("AIGC", whole)
    inner = load_object(inner) if isinstance(inner, str) else inner
    return inner if isinstance(inner, dict) else None
