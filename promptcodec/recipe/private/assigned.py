"""Values that stand behind a name in a text: ``api_key=...``, ``"hf_token": "..."``, ``bearer ...``."""

from __future__ import annotations

import re
from collections.abc import Iterator

from promptcodec.recipe.private.hits import Hit, covered
from promptcodec.recipe.private.names import is_doubtful, kind_of, parts_of
from promptcodec.recipe.private.randomness import UUID as _UUID
from promptcodec.recipe.private.randomness import is_secret

_NAME = re.compile(
    r"(?<!\w)([^\W\d_][\w.-]{0,60}(?: [^\W\d_][\w-]{0,30}){0,2})(\\{0,8}[\"'`]?\]?)"
    r"(\s{0,8}(?::=|=>|->|={1,3}|[:\uff1a\uff1d])|\s{1,4}(?:is|was|lautet|ist)(?=\s)|(?=\s{1,4}(?:Bearer|Basic)\s))\s{0,16}"
)
_OPTION = re.compile(r"(?<![\w-])--?([A-Za-z][\w-]{1,40})[ =]{1,4}(?=[^\s-])")
_LOGIN = re.compile(r"(?<![\w-])(?:-u|--user|login|credentials?)[ =]{1,4}([^\s:\"']{1,100}:[^\s\"']{3,200})")
_SPOKEN = re.compile(
    r"(?<!\w)(?:passwor[dt]|passwd|pwd|passphrase|token|api[ _-]?key|secret|key:)\s{1,4}"
    r"(?=[^\s,;]{0,60}\d)(?=[^\s,;]{0,60}[A-Za-z])([A-Za-z0-9!#$%&*+/=?@^~-]{8,100})(?![\w.])",
    re.IGNORECASE,
)
_IDS = re.compile(r"\b[ug]id=\d{1,10}\(([^()\s]{1,64})\)")
_RIGHTS = re.compile(r"\u00a9[ \t]{0,4}(?:\d{4}(?:-\d{4})?,?[ \t]{0,4})?([^\n,;|]{2,60})")
_QUOTE = re.compile(r"(\\{0,8}[\"'`])")
_QUOTED = re.compile(r"(\\{0,8}[\"'])([^\"'\\]{1,1000})\1(\s{0,4}:)?")
_SCHEME = re.compile(
    r"(?:Bearer|Basic|Token|Digest|ApiKey|Key|AWS4-HMAC-SHA256|Negotiate)\s{1,4}", re.IGNORECASE
)
_BARE_SCHEME = re.compile(r"(?<!\w)(?:Bearer|Basic)\s{1,4}([A-Za-z0-9._~+/=-]{12,4000})")
_WORD = re.compile(r"[^\s\"'<>&`]{1,4000}")
_PLACE = re.compile(r"[^\n;\"|&<>(){}\[\]]{1,100}")
_LINE = re.compile(r"[^\n\"]{1,4000}")
_PHRASE = re.compile(r"[^\n,;\"|&<>(){}\[\]]{1,100}")
_ELEMENT = re.compile(r"<([A-Za-z][\w:.-]{1,60})(?:\s[^<>]{0,200})?>([^<>]{1,2000})</\1>")
_NUMBER = re.compile(r"[+-]?(?:\d{1,5}|\d{0,5}\.\d{1,6})[)\]}.,;]{0,4}")
_WEAK = (":", "\uff1a", "", "is", "was", "lautet", "ist", "->")
_SURE = {"password", "passwort", "passwd", "apikey", "username", "hostname", "kennwort"}
_CALLED = re.compile(
    r"(?:setdefault|getenv|setenv|putenv|environ\.get|env|set|get)\(\s{0,4}[\"']([\w.-]{2,60})[\"']\s{0,4},\s{0,4}[\"']([^\"'\n]{3,400})[\"']"
)
_SET = re.compile(
    r"(?<!\w)(?:setx|setenv)\s{1,4}(?:/[mM]\s{1,4})?([A-Za-z_]\w{1,60})\s{1,4}[\"']?([^\s\"']{3,400})"
)
_TOOL = re.compile(
    r"(?<![\w.-])(?:sshpass|mysql(?:dump|admin)?|mariadb|docker login|podman login|7z [axt]|7za|zip|unzip|"
    r"rar|unrar|mongo(?:sh)?|smbclient|redis-cli|ldapsearch|wget|ftp|az login|pdftk)\b"
    r"[^\n|;]{0,80}?\s-(?:p|P|a|w)\s?[\"']?([^\s\"'-][^\s\"']{3,100})"
)
_WHOAMI = re.compile(
    r"(?<!\w)(?:(?:whoami|logname)\s{1,3}|(?:whoami|logname|LOGNAME|USER)\s?[:=>$]{1,2}\s?)([^\s,;\"']{2,64})"
)
_EMPTY = {"none", "null", "true", "false", "undefined", "nil", "n/a", "", "the", "a", "an", "of", "in", "not"}
_LONGEST, _MARGIN = 4096, 16
_OPENING = tuple("\n,;\"'`{([&?|<>.!")


_FORMS = (
    (_BARE_SCHEME, "secrets"),
    (_LOGIN, "secrets"),
    (_SPOKEN, "secrets"),
    (_TOOL, "secrets"),
    (_IDS, "user names"),
    (_RIGHTS, "user names"),
    (_WHOAMI, "user names"),
)


def find_assigned(text: str, *, words: bool = False) -> Iterator[Hit]:
    """Find secrets behind their names, and who somebody is where a line or an item begins with that name.

    Args:
        text: any text.
        words: it is a prompt: there a plain word with a colon names what is to be drawn (``token: an elf``).
    """
    yield from _in_forms(text)
    at = 0
    while named := _NAME.search(text, at):
        at = named.end()
        name, sign = named[1], named[3].strip()
        meaning, value = kind_of(name), _without_scheme(text, at)
        if meaning and words and not named[2] and sign in _WEAK and _is_plain(name) and not is_secret(value):
            continue
        if meaning is None and sign and is_secret(value) and _may_be_secret(name):
            meaning = "secrets"
        if (meaning == "secrets" and sign) or (meaning and _begins_an_item(text, named)):
            yield from _value(text, at, meaning, name)
        elif meaning is None:
            at -= 1  # what was taken for a space may be where a name begins


def _without_scheme(text: str, at: int) -> str:
    """Give the beginning of a value, without quotes and a scheme in front of it."""
    value = text[at : at + 400].lstrip("\\\"'")
    scheme = _SCHEME.match(value)
    return value[scheme.end() :] if scheme else value


def _may_be_secret(name: str) -> bool:
    """Say whether a name, or the last word of words before a colon, may be a secret's."""
    last = name.rpartition(" ")[2]
    return is_doubtful(name) or (last != name and kind_of(last) == "secrets")


def _is_plain(name: str) -> bool:
    """Say whether a name is one word, as any text may hold it, and none that only passwords have."""
    return len(parts_of(name)) == 1 and name.lower() not in _SURE


def _in_forms(text: str) -> Iterator[Hit]:
    """Find what has a form of its own: headers, logins, elements of XML, options."""
    for pattern, kind in _FORMS:
        for match in pattern.finditer(text):
            if not _UUID.fullmatch(match[1]):
                yield from covered(text, *match.span(1), kind)
    for pattern in (_CALLED, _SET, _ELEMENT):
        for match in pattern.finditer(text):
            if named := kind_of(match[1].rpartition(":")[2]):
                yield from covered(text, *match.span(2), named)
    for match in _OPTION.finditer(text):
        if kind_of(match[1]) == "secrets":
            yield from _value(text, match.end(), "secrets", match[1])


def _begins_an_item(text: str, named: re.Match[str]) -> bool:
    """Say whether a name that is followed by a sign stands at the beginning of a line or an item."""
    if named[3].strip() in ("", "is", "was", "ist", "lautet") or named[1].lower() == "artist":
        return False
    before = text[max(named.start() - _MARGIN, 0) : named.start()].rstrip(" \t\\")
    return (not before and named.start() <= _MARGIN) or before[-1:] in _OPENING


def _value(text: str, start: int, kind: str, name: str) -> Iterator[Hit]:
    if text[start : start + 1] in ("{", "[", "("):
        yield from _inner_values(text, start, kind)
        return
    quote = _QUOTE.match(text, start)
    if quote:
        first = quote.end()
        end = text.find(quote[1], first, first + _LONGEST)
        if end < 0:
            word = _WORD.match(text, first)
            end = word.end() if word else first
    else:
        scheme = _SCHEME.match(text, start)
        first = scheme.end() if scheme else start
        pattern = {"secrets": _WORD, "places": _PLACE}.get(kind, _PHRASE)
        if "cookie" in name.lower() or (scheme and "signature" in text[first : first + 300].lower()):
            pattern = _LINE
        value = pattern.match(text, first)
        end = value.end() if value else first
        while end > first and text[end - 1] in " ,;.)]}":
            end -= 1
    value_text = text[first:end]
    is_short = kind != "places" and _NUMBER.fullmatch(value_text)
    if value_text.strip().lower() not in _EMPTY and not is_short:
        yield from covered(text, first, end, kind)


def _inner_values(text: str, start: int, kind: str) -> Iterator[Hit]:
    """Cover the quoted texts of an object or a list that are no keys."""
    depth, end = 0, start
    for end in range(start, min(start + _LONGEST, len(text))):
        depth += (text[end] in "{[(") - (text[end] in "}])")
        if depth == 0:
            break
    for match in _QUOTED.finditer(text, start, end):
        if not match[3] and not match[2].isdigit():
            yield from covered(text, *match.span(2), kind)
