"""What a model thinks, told from what it answers: by the form of its marks, not by a list of models."""

from __future__ import annotations

import bisect
import re
from collections.abc import Iterator, Sequence
from typing import Any

_WORD = re.compile(
    r"think|thought|reason|analy[sz]|reflect|scratch|ponder|deliberat|rationale|monologue|brainstorm"
    r"|contemplat|draft|example|inner_(?:pre|suf)fix|unused9[45]|(?<![a-z])cot(?![a-z])",
    re.IGNORECASE,
)
_ANSWER = re.compile(
    r"(?:final|begin_of_|start_)*(?:answer|response|solution|final|final_answer)", re.IGNORECASE
)
_ENDS = re.compile(r"[/\\]|end|close|stop|.*suffix|unused95", re.IGNORECASE)
# A tag of any brackets; a channel and its name; the same where the special tokens were left out.
_MARK = re.compile(
    r"<\|?channel\|?>\s*(?P<channel>[a-z]*)"
    r"|[<◁⟨【〈《｟](?P<tag>[^<>◁▷⟨⟩【】〈〉《》｟｠\n]{1,120})[>▷⟩】〉》｠]"
    r"|\[(?P<square>[/\\]?[\w:▁-]{1,40})\]"
    r"|\{\{?(?P<curly>[/\\]?[\w:▁-]{1,40})\}"
    r"|assistant(?P<final>final)(?![a-z])",
    re.IGNORECASE,
)
_BARS = "|\uff5c"
_PLAIN = re.compile(rf"[\w:.▁{_BARS} /\\-]{{1,40}}")
_SURE = re.compile(r"think|thought|reason", re.IGNORECASE)
_OPENS, _MAY_OPEN, _CLOSES, _ANSWERS = "opens", "may open", "closes", "answers"


def is_thought(part: Any) -> bool:
    """Say whether a part of a message, or an item of an answer, is marked as a thought."""
    if not isinstance(part, dict):
        return False
    kind = part.get("type")
    return part.get("thought") is True or (
        isinstance(kind, str) and re.search(r"think|thought|reason", kind, re.IGNORECASE) is not None
    )


def apart(text: str, whole: Sequence[tuple[int, int]] = ()) -> tuple[str, str]:
    """Give the text outside of thoughts, and the thought at its end that never ended (``""`` for none).

    An end without a beginning ends a thought that began with the text.

    Args:
        text: what a model wrote.
        whole: where JSON stands in it, in order: marks inside are data.
    """
    kept: list[str] = []
    begin, opened = 0, set[str]()
    marks = list(_marks(text, whole))
    ended = {name for kind, name, _, _ in marks if kind == _CLOSES}
    for kind, name, start, end in marks:
        if kind == _MAY_OPEN and name not in ended:
            continue
        if kind in {_OPENS, _MAY_OPEN}:
            if not opened:
                kept.append(text[begin:start])
                begin = end
            opened.add(name)
            continue
        closes = bool(opened) and name in opened
        if kind == _ANSWERS or (kind == _CLOSES and not opened):
            kept.clear()
        elif kind == "" and not closes:
            continue
        opened.clear()
        begin = end
    if opened:
        return "\n".join(kept), text[begin:]
    return "\n".join([*kept, text[begin:]]), ""


def _marks(text: str, whole: Sequence[tuple[int, int]]) -> Iterator[tuple[str, str, int, int]]:
    """Give the kind, the name, the start and the end of what may be a mark; no kind: the end of some tag."""
    starts = [start for start, _ in whole]
    for mark in _MARK.finditer(text):
        inside = bisect.bisect_right(starts, mark.start()) - 1
        if inside >= 0 and mark.start() < whole[inside][1]:
            continue
        kind, name = _kind(mark)
        if kind or name:
            yield kind, name, mark.start(), mark.end()


def _kind(mark: re.Match[str]) -> tuple[str, str]:
    if mark["channel"] is not None:
        return (_OPENS if _WORD.search(mark["channel"]) else _ANSWERS), "channel"
    if mark["final"]:
        return _ANSWERS, ""
    inner = (mark["tag"] or mark["square"] or mark["curly"]).strip(f"{_BARS} ")
    tag = bool(mark["tag"])
    name = re.split(r"[\s=]", inner.lstrip("/\\"), maxsplit=1)[0].casefold()
    if _WORD.search(inner) and (_PLAIN.fullmatch(inner) or "=" in inner) and not inner.endswith("/"):
        opens = _OPENS if tag or _SURE.search(inner) else _MAY_OPEN
        return (_CLOSES if _ENDS.match(inner) else opens), name
    if tag and _ANSWER.fullmatch(inner):
        return _ANSWERS, ""
    return "", (name if tag and inner.startswith("/") else "")
