"""An XMP packet (ISO 16684-1): the texts in it, and a packet built anew of some of them."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, replace
from itertools import accumulate, groupby
from typing import Any
from xml.etree import ElementTree as ET
from xml.sax.saxutils import escape

_META, _RDF = "adobe:ns:meta/", "http://www.w3.org/1999/02/22-rdf-syntax-ns#"
_LANGUAGE = "{http://www.w3.org/XML/1998/namespace}lang"
_ADOBE = "http://ns.adobe.com/"
_SPACES = {
    "x": _META,
    "rdf": _RDF,
    "xml": "http://www.w3.org/XML/1998/namespace",
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": f"{_ADOBE}xap/1.0/",
    "xap": f"{_ADOBE}xap/1.0/",
    "xmpMM": f"{_ADOBE}xap/1.0/mm/",
    "xmpRights": f"{_ADOBE}xap/1.0/rights/",
    "tiff": f"{_ADOBE}tiff/1.0/",
    "exif": f"{_ADOBE}exif/1.0/",
    "aux": f"{_ADOBE}exif/1.0/aux/",
    "exifEX": "http://cipa.jp/exif/1.0/",
    "photoshop": f"{_ADOBE}photoshop/1.0/",
    "pdf": f"{_ADOBE}pdf/1.3/",
    "Iptc4xmpCore": "http://iptc.org/std/Iptc4xmpCore/1.0/xmlns/",
    "Iptc4xmpExt": "http://iptc.org/std/Iptc4xmpExt/2008-02-29/",
    "plus": "http://ns.useplus.org/ldf/xmp/1.0/",
}
_PREFIXES = {uri: prefix for prefix, uri in reversed(_SPACES.items())}
# Histories, and a photograph's development: no tool's recipe.
_LEFT_OUT = (f"{{{_ADOBE}xap/1.0/sType/", f"{{{_ADOBE}camera-raw-settings/")
_LISTS = tuple(f"{{{_RDF}}}{name}" for name in ("Alt", "Bag", "Seq"))
_HEAD = re.compile(
    r"\s*(?:<\?xml version=[\"']1\.[01][\"'](?: encoding=[\"']utf-8[\"'])?\?>\s*)?"
    r"(?:<\?xpacket begin=([\"'])\ufeff?\1 id=([\"'])W5M0MpCehiHzreSzNTczkc9d\2\?>\s*)?",
    re.IGNORECASE,
)
_TAIL = re.compile(r"\s*(?:<\?xpacket end=[\"'][rw][\"']\?>)?[\s\0]*")
_TOOLKIT = re.compile(r"(?:Adobe XMP Core|XMP Core|XMP Toolkit|Image::ExifTool)[\d.c:/, -]{0,60}")
_LANG = re.compile(r"x-default|[a-z]{2}(?:-[A-Z]{2})?")
_DEEPEST, _MOST = 32, 4096


@dataclass(frozen=True, slots=True)
class Leaf:
    """A text in a packet.

    Attributes:
        name: of its property, without a prefix.
        space: the namespace of that.
        text: what it says.
        inside: ``Alt``, ``Bag`` or ``Seq`` where it stands in a list, else nothing.
        language: of an item of a list.
        group: the property; texts of one list have the same.
    """

    name: str
    space: str
    text: str
    inside: str = ""
    language: str = ""
    group: int = 0


@dataclass(frozen=True, slots=True)
class Packet:
    """A packet taken apart.

    Attributes:
        leaves: all texts of its properties, in order.
        whole: the leaves are all that it says: no other text, comment, attribute or name is in it.
    """

    leaves: tuple[Leaf, ...]
    whole: bool


def parse(packet: str) -> Packet | None:
    """Take a packet apart; None where it is no XML, or too much."""
    start = min((at for at in (packet.find("<x:xmpmeta"), packet.find("<rdf:RDF")) if at >= 0), default=-1)
    end = packet.rfind(">", 0, packet.rfind("<?xpacket end") if "<?xpacket end" in packet else None) + 1
    if start < 0 or "<!DOCTYPE" in packet or "<!ENTITY" in packet:
        return None
    reader: ET.XMLPullParser[Any] = ET.XMLPullParser(events=("start", "end", "comment", "pi", "start-ns"))
    try:
        reader.feed(packet[start:end])
        reader.close()
        events: list[tuple[str, Any]] = [
            (str(event[0]), event[1] if len(event) > 1 else None) for event in reader.read_events()
        ]
    except ET.ParseError:
        return None
    root = next((item for event, item in events if event == "start"), None)
    if root is None or _depth(events) > _DEEPEST:
        return None
    leaves = tuple(_leaves(root))
    whole = not any(event in ("comment", "pi") for event, _ in events) and all(
        _SPACES.get(item[0]) == item[1] for event, item in events if event == "start-ns"
    )
    around = _HEAD.fullmatch(packet[:start]) and _TAIL.fullmatch(packet[end:])
    return Packet(leaves, bool(around) and whole and _is_plain(root)) if len(leaves) <= _MOST else None


def _depth(events: list[tuple[str, Any]]) -> int:
    steps = ({"start": 1, "end": -1}.get(event, 0) for event, _ in events)
    return max(accumulate(steps), default=0)


def build(leaves: Iterable[Leaf]) -> str:
    """Build a packet of texts."""
    bodies, spaces = [], {}
    for _, same in groupby(leaves, key=lambda leaf: leaf.group):
        items = list(same)
        # What another namespace is called may say something: its name is not kept.
        prefix = _PREFIXES.get(items[0].space, "other")
        spaces[prefix] = _SPACES.get(prefix, "urn:other")
        kind, name = items[0].inside, f"{prefix}:{items[0].name}"
        if kind:
            listed = "".join(
                "<rdf:li"
                + (f' xml:lang="{leaf.language}"' if leaf.language else "")
                + f">{escape(leaf.text)}</rdf:li>"
                for leaf in items
            )
            bodies.append(f"<{name}><rdf:{kind}>{listed}</rdf:{kind}></{name}>")
        else:
            bodies += [f"<{name}>{escape(leaf.text)}</{name}>" for leaf in items]
    declared = "".join(f' xmlns:{prefix}="{uri}"' for prefix, uri in spaces.items())
    return (
        '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>'
        f'<x:xmpmeta xmlns:x="{_META}"><rdf:RDF xmlns:rdf="{_RDF}">'
        f'<rdf:Description rdf:about=""{declared}>{"".join(bodies)}</rdf:Description></rdf:RDF></x:xmpmeta>'
        '<?xpacket end="w"?>'
    )


def rewrite(packet: str, change: Callable[[str, str], str]) -> str | None:
    """Give a packet with other texts; None where it is no XML that can be taken apart.

    Args:
        packet: the packet.
        change: gives the new text for a property's name, without its prefix, and its text.
    """
    parsed = parse(packet)
    if parsed is None:
        return None
    changed = tuple(replace(leaf, text=change(leaf.name, leaf.text)) for leaf in parsed.leaves)
    return packet if changed == parsed.leaves else build(changed)


def _leaves(root: ET.Element) -> Iterator[Leaf]:
    """Give the texts as ``recipe.xmp`` reads them: each by the name of the property nearest to it."""
    todo = [(root, Leaf("", "", ""))]
    last = 0
    for element, around in todo:  # grows
        if str(element.tag).startswith(_LEFT_OUT):
            continue
        uri, _, local = str(element.tag).lstrip("{").rpartition("}")
        here = replace(around, inside="", group=0) if local != "li" else around
        if uri not in (_RDF, _META):
            here = Leaf(local, uri, "")
        elif local == "Description":
            here = Leaf("", "", "")
        elif element.tag in _LISTS:
            last += 1
            here = replace(around, inside=local, group=last)
        for key, value in element.attrib.items():
            key_uri, _, key_local = key.lstrip("{").rpartition("}")
            last += 1
            if key == f"{{{_RDF}}}resource" and here.name:
                yield Leaf(here.name, here.space, value, group=last)
            elif key != _LANGUAGE and key_uri not in (_RDF, _META) and not key.startswith(_LEFT_OUT):
                yield Leaf(key_local, key_uri, value, group=last)
        text = element.text or ""
        if text.strip() and here.name and not len(element):
            last += 1
            language = _LANG.fullmatch(element.get(_LANGUAGE, ""))
            yield replace(here, text=text, language=language[0] if language else "", group=here.group or last)
        todo.extend((child, here) for child in element)


def _is_plain(root: ET.Element) -> bool:
    """Say whether a tree has the form that writers of XMP give it, and no text but that of properties."""
    meta, rdf, description = f"{{{_META}}}xmpmeta", f"{{{_RDF}}}RDF", f"{{{_RDF}}}Description"
    if root.tag == meta:
        tool = dict(root.attrib)
        if not _TOOLKIT.fullmatch(tool.pop(f"{{{_META}}}xmptk", "XMP Core")) or tool or len(root) != 1:
            return False
        inner = root[0]
    else:
        inner = root
    if inner.tag != rdf or inner.attrib or _has_text(root) or _has_text(inner):
        return False
    for one in inner:
        about = one.get(f"{{{_RDF}}}about", "")
        others = [key for key in one.attrib if key.startswith((f"{{{_RDF}}}", "{http://www.w3.org/XML"))]
        if one.tag != description or about or _has_text(one) or len(others) > 1:
            return False
        if others and others != [f"{{{_RDF}}}about"]:
            return False
        if not all(_is_plain_property(item) for item in one):
            return False
    return True


def _is_plain_property(item: ET.Element) -> bool:
    if item.attrib or str(item.tag).startswith(f"{{{_RDF}}}"):
        return False
    if not len(item):
        return True
    listed = item[0]
    if len(item) != 1 or listed.tag not in _LISTS or listed.attrib or _has_text(item) or _has_text(listed):
        return False
    return all(
        one.tag == f"{{{_RDF}}}li"
        and not len(one)
        and not set(one.attrib) - {_LANGUAGE}
        and _LANG.fullmatch(one.get(_LANGUAGE, "x-default"))
        for one in listed
    )


def _has_text(element: ET.Element) -> bool:
    """Say whether an element has a text of its own beside the elements in it."""
    return bool((element.text or "").strip() or any((child.tail or "").strip() for child in element))
