"""XMP sidecars of records: what a picture shows, for programs that sort pictures (ISO 16684-1).

The packet names promptcodec as what wrote it (``x:xmptk``), never as what made the picture. A program that
changes a sidecar puts its own name there: so nothing that others wrote is replaced.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from xml.etree import ElementTree as ET

from promptcodec import __version__
from promptcodec.archive.adding import originals
from promptcodec.archive.indexing.facts import facts_of
from promptcodec.archive.record import Record
from promptcodec.archive.sources.source import location
from promptcodec.archive.transfer.naming import beside, claim, harmless, names_of
from promptcodec.archive.transfer.private import public_description
from promptcodec.archive.transfer.sentences import keywords, once, scene, whole
from promptcodec.description import clean
from promptcodec.entropy.dictionary import Dictionary
from promptcodec.errors import OutputExistsError, PromptcodecError, UsageError
from promptcodec.files import exists, write_whole
from promptcodec.recipe.model import Recipe

SUFFIX = ".xmp"
_SPACES = {
    "x": "adobe:ns:meta/",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "dc": "http://purl.org/dc/elements/1.1/",
    "lr": "http://ns.adobe.com/lightroom/1.0/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
}
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_SOURCE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
_TOOLKIT = "promptcodec "
_OURS = f'x:xmptk="{_TOOLKIT}'.encode()
_WITHIN = 1024
"""Bytes at the start of a sidecar that hold its toolkit's name."""
_NO_CHARACTERS = re.compile("[\ufffe\uffff]")
_HEAD = '<?xpacket begin="\ufeff" id="W5M0MpCehiHzreSzNTczkc9d"?>\n'
_FOOT = '\n<?xpacket end="w"?>\n'


def packet(record: Record, dictionaries: Sequence[Dictionary] = ()) -> bytes:
    """Make the XMP packet of a record: description, keywords, alt text, and whether a generator made it.

    Settings of recipes, and paths, are left out, and what is private in a summary, which may be a prompt. The
    same record gives the same bytes.

    Args:
        record: its stream is untrusted; what cannot be read of it says nothing.
        dictionaries: those that its texts may need.

    Returns:
        XML in UTF-8.
    """
    facts = facts_of(record, dictionaries)
    words = [tag for each in facts.tags if (tag := clean(each))]
    root = ET.Element(_name("x:xmpmeta"), {_name("x:xmptk"): f"{_TOOLKIT}{__version__}"})
    properties = ET.SubElement(
        ET.SubElement(root, _name("rdf:RDF")), _name("rdf:Description"), {_name("rdf:about"): ""}
    )
    if facts.description:
        description = public_description(facts.description)
        _text(properties, "dc:description", whole(description))
        _text(properties, "Iptc4xmpCore:AltTextAccessibility", description.summary)
        _text(properties, "Iptc4xmpCore:ExtDescrAccessibility", scene(description))
        words += keywords(description)
    for name in ("dc:subject", "lr:hierarchicalSubject"):
        _bag(properties, name, once(words))
    if facts.recipe and is_generated(facts.recipe):
        ET.SubElement(properties, _name("Iptc4xmpExt:DigitalSourceType")).text = _SOURCE
    for prefix, space in _SPACES.items():
        ET.register_namespace(prefix, space)
    ET.indent(root, " ")
    return f"{_HEAD}{ET.tostring(root, 'unicode')}{_FOOT}".encode()


def is_generated(recipe: Recipe) -> bool:
    """Say whether a recipe shows that a generator made the whole picture.

    It does not where the picture was made of another one, which may have been a photograph.
    """
    settings = recipe.settings
    made_of_another = settings.denoise is not None and settings.denoise < 1 and not settings.hires
    return bool(settings.prompt or settings.steps or recipe.model.name) and not made_of_another


def write(
    record: Record,
    folder: str,
    *,
    overwrite: bool,
    taken: set[str],
    stem: bool = False,
    dictionaries: Sequence[Dictionary] = (),
) -> Iterator[str]:
    """Write the sidecars of a record into a folder: ``folder/path.xmp`` for each path that it was found at.

    Args:
        record: as of ``packet``.
        folder: is made where it is not there.
        overwrite: replace sidecars of ours.
        taken: the files that this run has written; these are added.
        stem: call that of ``kite.jpg`` ``kite.xmp``, else ``kite.jpg.xmp``.
        dictionaries: as of ``packet``.

    Yields:
        The files, as they are written.

    Raises:
        OutputExistsError: behind all others: one exists and is not to be replaced, or is of another program.
        UsageError: the same: one cannot be written, or another picture of this run is called the same.
    """
    names = names_of(record, SUFFIX, stem=stem)
    outs = [os.path.join(folder, name) for name in names]  # noqa: PTH118 - a million of them
    yield from _write(packet(record, dictionaries), outs, overwrite=overwrite, taken=taken)


def write_beside(
    record: Record,
    *,
    overwrite: bool,
    taken: set[str],
    stem: bool = False,
    dictionaries: Sequence[Dictionary] = (),
) -> Iterator[str]:
    """Write a sidecar beside each original of a record that is where it was added in place, unchanged.

    The archive says which folders these are: it must be one's own. Arguments and errors are as of ``write``.

    Raises:
        UsageError: none of its originals is there.
    """
    outs = [
        location(place.root, beside(place.path, SUFFIX, stem=stem))
        for place in record.places
        if place.root
        and harmless(place.path) == place.path
        and originals.state_of(record.id, place) == originals.THERE
    ]
    if not outs:
        raise UsageError("its original is not where it was added in place: nothing was written beside it")
    yield from _write(packet(record, dictionaries), outs, overwrite=overwrite, taken=taken)


def _write(data: bytes, outs: Iterable[str], *, overwrite: bool, taken: set[str]) -> Iterator[str]:
    """Write what can be written; then raise the first error."""
    first: PromptcodecError | None = None
    for out in outs:
        try:
            claim(out, taken)
            _write_one(data, out, overwrite=overwrite)
        except PromptcodecError as error:
            first = first or error
        else:
            yield out
    if first:
        raise first


def _write_one(data: bytes, out: str, *, overwrite: bool) -> None:
    there = exists(out)
    if there and not _is_ours(out):
        raise OutputExistsError(
            f"{out} exists, and promptcodec did not write it or another program has changed it: "
            "move it away, or write sidecars to a folder of their own"
        )
    write_whole(out, data, overwrite=overwrite and there)


def _is_ours(path: str) -> bool:
    try:
        if not Path(path).is_file():
            return False
        with Path(path).open("rb") as file:
            return _OURS in file.read(_WITHIN)
    except OSError as error:
        raise UsageError(f"{path} cannot be read: {error.strerror}") from None


def _name(prefixed: str) -> str:
    prefix, _, name = prefixed.partition(":")
    return f"{{{_SPACES[prefix]}}}{name}"


def _text(properties: ET.Element, name: str, text: str) -> None:
    """Put a text of the default language, where it says something."""
    if text:
        list_ = ET.SubElement(ET.SubElement(properties, _name(name)), _name("rdf:Alt"))
        ET.SubElement(list_, _name("rdf:li"), {_LANGUAGE: "x-default"}).text = _safe(text)


def _bag(properties: ET.Element, name: str, texts: Sequence[str]) -> None:
    """Put texts without an order, where there are any."""
    if texts:
        list_ = ET.SubElement(ET.SubElement(properties, _name(name)), _name("rdf:Bag"))
        for text in texts:
            ET.SubElement(list_, _name("rdf:li")).text = _safe(text)


def _safe(text: str) -> str:
    """Leave out what XML cannot hold; control characters and halves of pairs are in no description."""
    return _NO_CHARACTERS.sub("", text)
