"""An XMP packet: its properties, and the packet without some of them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from xml.dom import expatbuilder
from xml.dom.minidom import Attr, Document, Element, Node
from xml.parsers.expat import ExpatError

_HEAD, _END = '<?xpacket begin="" id="W5M0MpCehiHzreSzNTczkc9d"?>', '<?xpacket end="w"?>'


@dataclass(frozen=True, slots=True)
class Property:
    """A property.

    Attributes:
        name: with its prefix.
        text: all text in it.
    """

    name: str
    text: str


def properties(packet: str) -> tuple[Property, ...] | None:
    """List a packet's properties; None where it is no XML that can be taken apart."""
    document = _parse(packet)
    if document is None:
        return None
    return tuple(Property(node.nodeName, _text(node)) for node, _ in _nodes(document))


def without(packet: str, dropped: Callable[[Property], bool]) -> str:
    """Give a packet without the properties that are to be dropped."""
    document = _parse(packet)
    assert document is not None  # its properties were listed
    for node, owner in list(_nodes(document)):
        if dropped(Property(node.nodeName, _text(node))):
            if isinstance(node, Attr):
                owner.removeAttributeNode(node)
            else:
                owner.removeChild(node)
    return _write(document)


def rewrite(packet: str, change: Callable[[str, str], str]) -> str | None:
    """Give a packet with other texts; None where it is no XML that can be taken apart.

    Args:
        packet: the packet.
        change: gives the new text for a property's name, without its prefix, and its text.
    """
    document = _parse(packet)
    if document is None:
        return None
    changed = False
    for node, _ in _nodes(document):
        for inner in [node] if isinstance(node, Attr) else list(_texts(node)):
            new = change(node.nodeName.rpartition(":")[2], inner.nodeValue or "")
            if new != inner.nodeValue:
                inner.nodeValue, changed = new, True
    return _write(document) if changed else packet


def _parse(packet: str) -> Document | None:
    start = packet.find("<x:xmpmeta")
    start = start if start >= 0 else packet.find("<rdf:RDF")
    end = packet.rfind(">") + 1
    if packet.rfind("<?xpacket end") > start:
        end = packet.rfind("<?xpacket end")
    if start < 0 or "<!" in packet:
        return None
    try:
        # A packet that could declare entities has been refused.
        document = expatbuilder.parseString(packet[start:end], namespaces=False)  # noqa: S316
    except (ExpatError, ValueError, RecursionError):
        return None
    return document if _is_plain(document) else None


def _is_plain(document: Document) -> bool:
    """Say whether all texts stand in properties."""
    root = document.documentElement
    outer = [root] if root is not None else []
    for node in outer:  # grows
        if node.nodeName not in ("x:xmpmeta", "rdf:RDF"):
            return False
        if any(not name.startswith(("xmlns", "x:xmptk", "xml:")) for name in dict(node.attributes or {})):
            return False
        for child in node.childNodes:
            if isinstance(child, Element):
                outer += [] if (node.nodeName, child.nodeName) == ("rdf:RDF", "rdf:Description") else [child]
            elif (child.nodeValue or "").strip():
                return False
    return bool(outer)


def _write(document: Document) -> str:
    root = document.documentElement
    assert root is not None  # parsed
    return f"{_HEAD}{root.toxml()}{_END}"


def _nodes(document: Document) -> Iterator[tuple[Attr | Element, Element]]:
    """Give every property, and the element that owns it."""
    for description in document.getElementsByTagName("rdf:Description"):
        if description.parentNode is not None and description.parentNode.nodeName == "rdf:RDF":
            for attribute in list((description.attributes or {}).values()):
                if not attribute.name.startswith("xmlns"):
                    yield attribute, description
            for child in description.childNodes:
                if isinstance(child, Element):
                    yield child, description


def _texts(node: Node) -> Iterator[Node]:
    for attribute in list((node.attributes or {}).values()):
        if not attribute.name.startswith(("xmlns", "xml:", "rdf:")):
            yield attribute
    for child in node.childNodes:
        if child.nodeType in (Node.TEXT_NODE, Node.CDATA_SECTION_NODE):
            yield child
        elif isinstance(child, Element):
            yield from _texts(child)


def _text(node: Attr | Element) -> str:
    return (
        node.value if isinstance(node, Attr) else "".join(text.nodeValue or "" for text in _texts(node))
    ).strip()
