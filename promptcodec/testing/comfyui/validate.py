"""Graphs that are refused: the checks of ComfyUI's queue, in its order and with its words."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Any, NamedTuple

from promptcodec.testing.comfyui.nodes import Node

_CONVERSIONS: dict[str, Callable[[Any], Any]] = {"INT": int, "FLOAT": float, "STRING": str, "BOOLEAN": bool}
_ID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}")


class Verdict(NamedTuple):
    """What validation says.

    Attributes:
        error: why nothing of the graph can run, None where something can.
        outputs: the output nodes that are sound.
        node_errors: what is wrong with nodes, by their ids.
    """

    error: dict[str, Any] | None
    outputs: list[str]
    node_errors: dict[str, Any]


def is_id(text: Any) -> bool:
    """Say whether a text may be the id of a job: a UUID in lower case."""
    return isinstance(text, str) and _ID.fullmatch(text) is not None


def validate(prompt: dict[str, Any], nodes: Mapping[str, Node], is_upload: Callable[[str], bool]) -> Verdict:
    """Check a graph; numbers in it are converted to what the inputs take."""
    error = _unknown(prompt, nodes)
    if error:
        return Verdict(error, [], {})
    outputs = [name for name, node in prompt.items() if nodes[node["class_type"]].kind]
    if not outputs:
        return Verdict(_reason("prompt_no_outputs", "Prompt has no outputs", ""), [], {})
    walk = _Walk(prompt, nodes, is_upload, {})
    good, details = [], []
    node_errors: dict[str, Any] = {}
    for name in outputs:
        sound, reasons = walk.checked_output(name)
        if sound:
            good.append(name)
            continue
        details += [f"{one['message']}: {one['details']}" for one in reasons]
        for at, (fine, why) in walk.checked.items():
            if not fine and why:
                about = {"errors": why, "dependent_outputs": [], "class_type": prompt[at]["class_type"]}
                node_errors.setdefault(at, about)["dependent_outputs"].append(name)
    if good:
        return Verdict(None, good, node_errors)
    message = "Prompt outputs failed validation"
    return Verdict(_reason("prompt_outputs_failed_validation", message, "\n".join(details)), [], node_errors)


def _unknown(prompt: Mapping[str, Any], nodes: Mapping[str, Node]) -> dict[str, Any] | None:
    """Give the error of the first node whose class is not there, None where all are."""
    for name, node in prompt.items():
        kind = node.get("class_type")
        if kind not in nodes:
            title = node.get("_meta", {}).get("title", kind)
            message = (
                f"Node 'ID #{name}' has no class_type. The workflow may be corrupted or a custom node is "
                "missing."
                if kind is None
                else f"Node '{title}' not found. The custom node may not be installed."
            )
            extra = {"node_id": name, "class_type": kind, "node_title": title}
            return _reason("missing_node_type", message, f"Node ID '#{name}'", **extra)
    return None


class _Walk(NamedTuple):
    """One walk from an output node to all it needs."""

    prompt: dict[str, Any]
    nodes: Mapping[str, Node]
    is_upload: Callable[[str], bool]
    checked: dict[str, tuple[bool, list[dict[str, Any]]]]

    def checked_output(self, name: str) -> tuple[bool, list[dict[str, Any]]]:
        """Check an output node and all it needs; what raises is one more thing that is wrong."""
        try:
            return self.check(name, ())
        except Exception as error:  # noqa: BLE001 - as the real one does
            message = "Exception when validating node"
            self.checked[name] = False, [_reason("exception_during_validation", message, str(error))]
            return self.checked[name]

    def check(self, name: str, above: tuple[str, ...]) -> tuple[bool, list[dict[str, Any]]]:
        """Check a node and what it needs; give whether all is sound, and what is wrong with itself."""
        if name in self.checked:
            return self.checked[name]
        if name in above:
            cycle = _reason("dependency_cycle", "Dependency cycle detected", " -> ".join((*above, name)))
            self.checked[name] = False, [cycle]
            return self.checked[name]
        node, inputs = self.nodes[self.prompt[name]["class_type"]], self.prompt[name]["inputs"]
        reasons: list[dict[str, Any] | None] = []
        below = True
        for key, config in node.inputs().items():
            if key not in inputs:
                if key in node.required:
                    message = "Required input is missing"
                    reasons.append(_reason("required_input_missing", message, key, input_name=key))
            elif isinstance(inputs[key], list):
                reason, sound = self._link(key, inputs[key], config, (*above, name))
                reasons.append(reason)
                below = below and sound
            else:
                reasons.append(self._value(key, inputs, config, node))
        wrong = [reason for reason in reasons if reason]
        if name not in self.checked:  # a cycle may have been noted
            self.checked[name] = below and not wrong, wrong
        return self.checked[name]

    def _link(
        self, key: str, link: list[Any], config: tuple[Any, ...], above: tuple[str, ...]
    ) -> tuple[dict[str, Any] | None, bool]:
        if len(link) != 2:
            message = "Bad linked input, must be a length-2 list of [node_id, slot_index]"
            return _reason("bad_linked_input", message, key, input_name=key, received_value=link), True
        # No such node, or no such output, raises: the real one answers with that exception.
        received = self.nodes[self.prompt[link[0]]["class_type"]].output[link[1]]
        if config[0] != received:
            message = "Return type mismatch between linked nodes"
            details = f"{key}, received_type({received}) mismatch input_type({config[0]})"
            return _reason("return_type_mismatch", message, details, input_name=key), True
        return None, self.check(link[0], above)[0]

    def _value(
        self, key: str, inputs: dict[str, Any], config: tuple[Any, ...], node: Node
    ) -> dict[str, Any] | None:
        kind = config[0]
        try:
            value = inputs[key] = _CONVERSIONS.get(kind if isinstance(kind, str) else "", _same)(inputs[key])
        except (ValueError, TypeError) as error:
            message = f"Failed to convert an input value to a {kind} value"
            return _reason("invalid_input_type", message, f"{key}, {inputs[key]}, {error}", input_name=key)
        if key in node.checked:
            kind, message = "custom_validation_failed", "Custom validation failed for node"
            wrong = "" if self.is_upload(value) else f"{key} - Invalid image file: {value}"
        else:
            kind, message, wrong = _limits(key, value, config)
        return _reason(kind, message, wrong, input_name=key) if wrong else None


def _limits(key: str, value: Any, config: tuple[Any, ...]) -> tuple[str, str, str]:
    """Hold a value against a list or a range; give kind, message and details, ``""`` where it is inside."""
    limits = config[1] if len(config) > 1 else {}
    if "min" in limits and value < limits["min"]:
        return "value_smaller_than_min", f"Value {value} smaller than min of {limits['min']}", key
    if "max" in limits and value > limits["max"]:
        return "value_bigger_than_max", f"Value {value} bigger than max of {limits['max']}", key
    listed = config[0] if isinstance(config[0], list) else limits.get("options")
    wrong = listed is not None and value not in listed
    return "value_not_in_list", "Value not in list", f"{key}: {value!r} not in {listed}" if wrong else ""


def _same(value: Any) -> Any:
    return value


def _reason(kind: str, message: str, details: str, **extra: Any) -> dict[str, Any]:
    return {"type": kind, "message": message, "details": details, "extra_info": extra}
