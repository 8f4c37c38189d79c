"""The properties in an XMP packet (ISO 16684-1: RDF in XML), by their names without namespace."""

from __future__ import annotations

import re
from collections.abc import Iterator
from xml.etree import ElementTree as ET

from promptcodec.recipe.model import text_of

_RENAMED = {"description": "Description", "title": "Title", "CreatorTool": "Software", "creator": "Artist"}
_SYNTAX = {"RDF", "", "Alt", "Bag", "Seq", "li", "xmpmeta", "xapmeta", "value"}
# Histories, and a photograph's development: no tool's recipe, and names that tools use.
_LEFT_OUT = ("{http://ns.adobe.com/xap/1.0/sType/", "{http://ns.adobe.com/camera-raw-settings/")
_RDF = "{http://www.w3.org/1999/02/22-rdf-syntax-ns#}"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_PREFIX = re.compile(r"[<\s/]([A-Za-z_][\w.-]{0,40}):[A-Za-z_]")
_HEADS = re.compile(r"<\?.{0,2000}?\?>", re.DOTALL)
_MOST = 1024


def properties(packet: bytes) -> dict[str, str]:
    """Give the properties that hold text; of several languages the default one.

    Args:
        packet: untrusted; one that is no XML, or declares a document type, has no properties.
    """
    wide = packet[:2] in (b"\xfe\xff", b"\xff\xfe")
    text = packet.decode("utf-16", "replace") if wide else text_of(packet)
    root = _parse(text.strip("\0\ufeff \r\n\t"))
    values: dict[str, str] = {}
    if root is None:
        return values
    todo = [(root, "")]
    for element, owner in todo:
        if str(element.tag).startswith(_LEFT_OUT):
            continue
        name = _name(element.tag)
        inner = owner if name in _SYNTAX else name
        for key, value in _attributes(element, inner):
            values.setdefault(key, value)
        text = (element.text or "").strip()
        if text and inner and not len(element):
            if element.get(_LANGUAGE) == "x-default":
                values[inner] = text
            values.setdefault(inner, text)
        if len(todo) < _MOST:
            todo.extend((child, inner) for child in element)
    return values


def _attributes(element: ET.Element, owner: str) -> Iterator[tuple[str, str]]:
    for key, value in element.attrib.items():
        if key == _RDF + "resource":
            yield owner, value
        elif key != _LANGUAGE and not key.startswith((_RDF, *_LEFT_OUT)):
            yield _name(key), value


def _name(tag: object) -> str:
    local = str(tag).rpartition("}")[2]
    return "" if str(tag) == _RDF + "Description" else _RENAMED.get(local, local)


def _parse(packet: str) -> ET.Element | None:
    if "<!DOCTYPE" in packet or "<!ENTITY" in packet:
        return None
    try:
        return ET.fromstring(packet)  # noqa: S314 - without a document type there are no entities
    except ET.ParseError:
        pass
    # Writers that stitch packets together leave out roots and namespaces.
    prefixes = sorted(set(_PREFIX.findall(packet)[:_MOST]) - {"xml", "xmlns"})
    declared = " ".join(f'xmlns:{prefix}="{prefix}"' for prefix in prefixes)
    try:
        return ET.fromstring(f"<RDF {declared}>{_HEADS.sub('', packet)}</RDF>")  # noqa: S314
    except ET.ParseError:
        return None
