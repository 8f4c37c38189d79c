"""Paths: of Windows, UNC, POSIX, file URLs, home folders and variables. Only the file's name stays."""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from promptcodec.recipe.private.hits import Hit

_SIGNS = "\u00a5\u20a9\uff3c\uff0f\u2215\u2044"  # what stands for a slash in fonts and forms of the East
_SLASH = rf"(?:\\{{1,16}}/?|/{{1,4}}|[{_SIGNS}]{{1,4}})"
_HOMES = (
    r"home\d?|homes|users\d?|user|u|benutzer|usuarios|utilisateurs|documents and settings|profiles|"
    r"mail|crontabs?|cron|sudoers\.d|volumes|scratch|lustre|gpfs|people|students|staff|accounts"
)
# Folders that paths of machines begin with; others count where a path is long, or ends in a file's name.
_ROOTS = (
    rf"{_HOMES}|root|mnt|media|run|export|exports|nfs|net|storage|workspace|workspaces|var|opt|data|datasets|content|"
    r"tmp|temp|srv|work|projects|project|private|cygdrive|kaggle|notebooks|teamspace|app|apps|usr|etc|sdcard|"
    r"vol\d?|volume\d?|share|shares|shared|drive|library|system|applications|[a-z]"
)
_VARIABLES = (
    r"(?:HOME(?:PATH|DRIVE)?|USERPROFILE|USER(?:NAME)?|(?:LOCAL)?APPDATA|TE?MP|PUBLIC|ONEDRIVE|PROGRAM(?:FILES|DATA)|"
    r"SCRATCH|PWD|\w{0,30}_?(?:DIR|PATH|ROOT|HOME))"
)
_START = re.compile(
    rf"""(?P<drive>(?:(?<![A-Za-z])file:{_SLASH}(?:localhost)?{_SLASH}?)?(?<![A-Za-z])[A-Za-z\uff21-\uff3a][:\uff1a]{_SLASH})
    |(?P<file>(?<![A-Za-z])file:{_SLASH}[^\s/\\]{{0,100}}{_SLASH}?)
    |(?P<long>(?<![\\\w])\\{{2,32}}[?.]{_SLASH}(?:[A-Za-z]:{_SLASH}|UNC{_SLASH}[\w.$-]{{1,100}}{_SLASH})?)
    |(?P<share>(?<![\\\w])\\{{2,32}}[\w.$-]{{1,100}}{_SLASH})
    |(?P<tilde>(?<![\w~/\\)])~(?P<owner>[\w.-]{{0,64}}){_SLASH})
    |(?P<variable>(?:\$\{{?(?:env:)?{_VARIABLES}\}}?|%{_VARIABLES}%){_SLASH})
    |(?P<up>(?<![\w./\\])(?:\.{{1,2}}{_SLASH}){{1,20}}(?=(?:[^\\/\s]{{1,60}}{_SLASH}){{0,6}}(?:{_HOMES}){_SLASH}))
    |(?P<folder>(?<![\w.~-])\\{{1,16}}(?=(?:{_HOMES}){_SLASH}))
    |(?P<net>(?<![\w./\\*:)\]>}}])//(?=[\w.-]{{1,60}}/[\w.@-]))
    |(?P<root>(?<![\w./\\*)\]>}}])(?:\\{{0,8}}/{{1,4}}|[{_SIGNS}])(?=(?:{_ROOTS}){_SLASH}))
    |(?P<deep>(?<![\w./\\*)\]>}}])(?:\\{{0,8}}/)(?=[\w.@-]{{1,60}}{_SLASH}[\w.@-]))
    |(?P<inner>(?<![\w.~])(?=(?:home|users){_SLASH}[\w.-]))
    """,
    re.IGNORECASE | re.VERBOSE,
)
_ANY = rf"[^\\/:*?\"<>|\x00-\x1f{_SIGNS}]"
_MIDDLE = re.compile(rf"((?:(?!\.\w{{1,5}}[\s,;)'\]]){_ANY}){{1,255}}){_SLASH}")
_LAST = re.compile(rf"(?:[^\s\\/:*?\"'<>|,;()\[\]{{}}`\x00-\x1f{_SIGNS}]|(?<=\w)'(?=\w)){{0,255}}")
_MORE = re.compile(
    r"(?: (?:[^\W\d_a-z][\w'.-]{1,40}|\(\d\)|[a-z]\.?(?=[ ,]))){1,3}"
    r"| [\w'.-]{1,40}(?=\s{0,3}(?:$|[,;\"')\]\n|]))"
)
_HOME = re.compile(_HOMES, re.IGNORECASE)
_SYSTEM = {"shared", "public", "default", "all users"}
_FILE = re.compile(r"\.[A-Za-z]\w{0,11}$")
_RELATIVE = re.compile(
    r"[^\s:*?\"<>|\x00-\x1f][^:*?\"<>|\x00-\x1f]{0,300}[\\/]([^\\/:*?\"<>|\x00-\x1f]{1,200}\."
    r"(?:safetensors|ckpt|pth?|gguf|sft|bin|onnx|engine|trt|json|ya?ml|txt|csv|png|jpe?g|webp|avif|gif|bmp|tiff?|"
    r"exr|hdr|mp4|webm|mov|mkv|wav|mp3|flac|ogg|zip|py|cube|latent|npz|npy))"
)
_LONGEST_VALUE, _MOST_NAMES = 1024, 1 << 16


def find_paths(text: str, *, words: bool = False) -> Iterator[Hit]:
    """Find paths inside a text; what is to stand there is the file's name.

    Args:
        text: any text.
        words: it is a prompt: ``home/garden/kitchen`` is none there.
    """
    done = 0
    for match in _START.finditer(text):
        if match.start() < done:
            continue
        hit = _path(text, match, words=words)
        if hit is not None:
            done = hit.end
            yield hit


def find_whole_path(text: str) -> Iterator[Hit]:
    """Find the path that a value is as a whole, whatever its names hold."""
    match = _START.match(text)
    if match is None or len(text) > _LONGEST_VALUE or "\n" in text:
        return
    if match.lastgroup in ("deep", "inner") and _path(text, match, words=False) is None:
        return
    names = re.split(_SLASH, text[match.end() :].rstrip("\\/"))
    yield Hit(0, len(text), "paths", _left_of(_first_names(match) + names))


def find_folders(text: str) -> Iterator[Hit]:
    """Find the folders of a tool's own before a file's name, where a value is only that."""
    file = _RELATIVE.fullmatch(text)
    if file and "://" not in text and ", " not in text:
        yield Hit(0, len(text), "folders", file[1])


def _path(text: str, match: re.Match[str], *, words: bool) -> Hit | None:
    """Give the path that begins at a match."""
    at, names = match.end(), _first_names(match)
    while len(names) < _MOST_NAMES and (middle := _MIDDLE.match(text, at)):
        names.append(middle[1])
        at = middle.end()
    last = _LAST.match(text, at)
    end = last.end() if last else at
    if end > at and names and _HOME.fullmatch(names[-1].strip()):
        more = _MORE.match(text, end)  # of a person's name
        end = more.end() if more else end
    while end > at and text[end - 1] in ".!":
        end -= 1
    names.append(text[at:end])
    start = match.lastgroup
    if start == "drive" and not names[0].strip():
        return None
    is_file = _FILE.search(names[-1]) is not None
    if (start == "deep" and len(names) < 3 and not is_file) or (
        start == "inner"
        and (
            len(names) < 3 or (words and not is_file and not text.startswith("/", max(match.start() - 1, 0)))
        )
    ):
        return None
    return Hit(match.start(), end, "paths", _left_of(names))


def _first_names(match: re.Match[str]) -> list[str]:
    """Give the names that the beginning of a path holds: a home folder, or that a share follows."""
    if match["owner"]:
        return ["users", match["owner"]]
    if match.lastgroup == "variable" and re.search("home|profile", match[0], re.IGNORECASE):
        return ["users", "~"]
    return ["users"] if match.lastgroup == "share" else []


def _resolved(names: list[str]) -> list[str]:
    """Follow ``.`` and ``..``."""
    resolved: list[str] = []
    for name in names:
        if name.strip() == "..":
            del resolved[-1:]
        elif name.strip() not in ("", "."):
            resolved.append(name)
    return resolved


def _left_of(names: list[str]) -> str:
    """Give what stays of a path: its last name, unless it is somebody's; without the names of its owner."""
    names = _resolved(names)
    owners = {
        name.strip()
        for before, name in pairwise(names)
        if _HOME.fullmatch(before.strip()) and name.strip().lower() not in _SYSTEM
    }
    if (
        not names
        or (len(names) > 1 and _HOME.fullmatch(names[-2].strip()))
        or _HOME.fullmatch(names[-1].strip())
    ):
        return ""
    left = names[-1]
    for owner in owners:
        if len(owner) > 2:
            left = re.sub(re.escape(owner), "*" * min(len(owner), 40), left, flags=re.IGNORECASE)
    return left
