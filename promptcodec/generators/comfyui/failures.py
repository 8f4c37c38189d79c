"""Why a graph was refused or failed, in words, with the way out."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from promptcodec.generators.shown import shown

_LONGEST, _MOST = 300, 8
_MEMORY = ("outofmemory", "out of memory", "allocation")


def refusal(answer: Mapping[str, Any]) -> str:
    """Say why ``/prompt`` refused a graph, naming nodes: from ``error`` and ``node_errors``."""
    error = answer.get("error")
    parts = []
    if isinstance(error, Mapping):
        parts.append(_pair(error))
    elif isinstance(error, str):
        parts.append(shown(error, _LONGEST))
    nodes = answer.get("node_errors")
    for name, about in list(nodes.items())[:_MOST] if isinstance(nodes, Mapping) else ():
        entry = about if isinstance(about, Mapping) else {}
        errors = entry.get("errors")
        errors = errors[:_MOST] if isinstance(errors, list) else []
        reasons = [_pair(one) for one in errors if isinstance(one, Mapping)]
        kind = shown(str(entry.get("class_type", "")))
        parts.append(f"node {shown(str(name))} ({kind}): {', '.join(reasons) or 'no reason given'}")
    return f"the ComfyUI server refused the graph: {'; '.join(parts) or 'no reason given'}"


def _pair(error: Mapping[str, Any]) -> str:
    kind, message, details = (str(error.get(key) or "") for key in ("type", "message", "details"))
    # Of a refusal the details list what the nodes say again.
    if kind == "prompt_outputs_failed_validation":
        details = ""
    words = ": ".join(text for text in (message, details) if text)
    return shown(f"{words} [{kind}]" if kind else words, _LONGEST)


def failure(messages: Sequence[tuple[str, Mapping[str, Any]]], graph: Mapping[str, Any]) -> str:
    """Say why a job failed, ``""`` where it did not."""
    for event, data in messages:
        node = str(data.get("node_id", ""))
        kind = str(data.get("node_type") or graph.get(node, {}).get("class_type", ""))
        where = f" at node {shown(node)} ({shown(kind)})" if node else ""
        if event == "execution_interrupted":
            return f"the job was interrupted at the server{where}; try again"
        if event == "execution_error":
            name, text = (str(data.get(key) or "") for key in ("exception_type", "exception_message"))
            words = shown(f"{name}: {text}" if name else text or "no reason given", _LONGEST)
            return f"the ComfyUI server failed{where}: {words}; {_way_out(f'{name} {text}'.lower())}"
    return ""


def _way_out(words: str) -> str:
    if any(sign in words for sign in _MEMORY):
        return "draw fewer pixels (area=768x768 in the profile), or start the server with --lowvram"
    if "shapes cannot be multiplied" in words:
        return "checkpoint and control model are of different kinds; name others in the profile"
    return "the server's own log says more"
