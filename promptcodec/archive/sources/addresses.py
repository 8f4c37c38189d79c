"""Addresses of files as texts: their parts, and what is secret in them."""

from __future__ import annotations

import re
from urllib.parse import unquote

_COVER = "***"
_WEB = {"http", "https", "ftp"}
"""Protocols in whose addresses a question mark is never part of a name."""

_USER = re.compile(r"(?<=://)[^/@\s]*@")


def is_address(text: str) -> bool:
    """Say whether an input is an address, not a file."""
    return "://" in text


def protocols(address: str) -> list[str]:
    """Give the protocols that an address names: those of a chain such as ``zip://a.png::https://...``."""
    return [link.partition("://")[0] for link in address.split("::")]


def without_secrets(address: str) -> str:
    """Give an address without user, password and what follows the path, such as a signature."""
    return "::".join(_USER.sub("", _split(link)[0]) for link in address.split("::"))


def has_query(address: str) -> bool:
    """Say whether something follows the path of an address: without that it may lead elsewhere."""
    return any(_split(link)[1] for link in address.split("::"))


def cleaned(text: str, address: str) -> str:
    """Give what a library says of an address, without what is secret in that or in any other."""
    for secret in sorted(_secrets(address), key=len, reverse=True):
        text = text.replace(secret, _COVER)
    return re.sub(r"\w+://[^\s'\"]+", lambda match: without_secrets(match[0]), text)


def split(address: str) -> tuple[str, str]:
    """Give what an address is named below, and its name; ``joined`` puts them together."""
    links, at = _links(address)
    scheme, mark, path = links[at].partition("://")
    folder, slash, name = path.rpartition("/")
    links[at] = scheme + mark + (folder or slash)
    return "::".join(links), name


def joined(base: str, path: str) -> str:
    """Give the address of a path below a base."""
    links, at = _links(base)
    end = "" if links[at].endswith("/") else "/"
    links[at] += end + path
    return "::".join(links)


def split_pattern(address: str) -> tuple[str, str]:
    """Split a pattern off an address: the folder before it, and ``""`` where there is none."""
    links, at = _links(address)
    scheme, mark, path = _split(links[at])[0].partition("://")
    magic = "*[" if scheme.lower() in _WEB else "*?["
    parts = path.split("/")
    first = next((at for at, part in enumerate(parts) if any(char in part for char in magic)), len(parts))
    links[at] = scheme + mark + "/".join(parts[:first]).rstrip("/")
    return "::".join(links), "/".join(parts[first:])


def path_of(address: str) -> str:
    """Give the path of the file that an address names, without what follows it."""
    links, at = _links(address)
    return _split(links[at])[0].partition("://")[2]


def _links(address: str) -> tuple[list[str], int]:
    """Give the links of a chain, and which of them names the file: the first with ``://``."""
    links = address.split("::")
    return links, next((at for at, link in enumerate(links) if "://" in link), 0)


def _split(link: str) -> tuple[str, str]:
    """Split off what follows the path."""
    if link.partition("://")[0].lower() in _WEB:
        at = re.search(r"[?#]", link)
    else:
        at = re.search(r"\?[\w.%~-]+=", link)
    return (link[: at.start()], link[at.start() :]) if at else (link, "")


def _secrets(address: str) -> set[str]:
    """Give the parts of an address that are nobody's business, as they stand there and decoded."""
    parts: set[str] = set()
    for link in address.split("::"):
        parts |= {part for match in _USER.findall(link) for part in match.rstrip("@").split(":")}
        parts |= {pair.partition("=")[2] for pair in re.split(r"[?#&;]", _split(link)[1])}
    return {text for part in parts for text in (part, unquote(part)) if len(text) > 3}
