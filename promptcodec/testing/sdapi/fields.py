"""The fields of each server's requests and their types, and the errors of those that check them."""

from __future__ import annotations

from typing import Any

from starlette.responses import JSONResponse, PlainTextResponse, Response

_NUMBER = (int, float)
_COMMON: dict[str, Any] = {
    "prompt": str,
    "negative_prompt": str,
    "seed": int,
    "steps": int,
    "cfg_scale": _NUMBER,
    "sampler_name": str,
}
_SIZE: dict[str, Any] = {"width": int, "height": int}
_FIRST: dict[str, Any] = {"init_images": list, "denoising_strength": _NUMBER}
_OVERRIDE: dict[str, Any] = {"override_settings": dict, "override_settings_restore_afterwards": bool}
_HIRES: dict[str, Any] = {
    "enable_hr": bool,
    "hr_scale": _NUMBER,
    "hr_resize_x": int,
    "hr_resize_y": int,
    "hr_upscaler": str,
    "hr_second_pass_steps": int,
    "denoising_strength": _NUMBER,
}
_VARIATION: dict[str, Any] = {"subseed": int, "subseed_strength": _NUMBER}
_SCRIPTS: dict[str, Any] = {"alwayson_scripts": dict}
_WEB_UI = _COMMON | _SIZE | _OVERRIDE | _SCRIPTS | _VARIATION
_CONTROL: dict[str, Any] = {
    "width_before": int,
    "height_before": int,
    "denoising_strength": _NUMBER,
    "inits": list,
    "inputs": list,
    "input_type": int,
    "control": list,
    "unit_type": str,
    "extra": dict,
}
_SCHEDULER: dict[str, Any] = {"scheduler": str}
_XINFERENCE = _COMMON | _SIZE | {"model": str, "override_settings": dict, "denoising_strength": _NUMBER}


def known(server: str, path: str) -> dict[str, Any]:
    """Give the fields that a server heeds at a path, and the types of their values."""
    name = path.rpartition("/")[2]
    if server in {"a1111", "forge"}:
        rest = _FIRST if name == "img2img" else _HIRES
        return _WEB_UI | _SCHEDULER | rest
    if server == "sdnext":
        if name == "control":
            return _COMMON | _CONTROL | _SCRIPTS
        return _WEB_UI | (_FIRST if name == "img2img" else _HIRES)
    if server == "xinference":
        return _XINFERENCE | ({"init_images": list} if name == "img2img" else {})
    return _COMMON | _SIZE | _SCHEDULER | (_FIRST if name == "img2img" or server == "koboldcpp" else {})


class RefusedError(Exception):
    """A request that the real server refuses.

    Attributes:
        response: its answer.
    """

    def __init__(self, response: Response) -> None:
        super().__init__(response.status_code)
        self.response = response


def failed(server: str, status: int, words: str, kind: str = "RuntimeError") -> RefusedError:
    """Make an error in the form of a server."""
    if server == "sdcpp":
        return RefusedError(JSONResponse({"error": words}, status))
    if server == "koboldcpp":
        detail = {"msg": words, "type": "service_unavailable" if status == 503 else "bad_input"}
        return RefusedError(JSONResponse({"detail": detail}, status))
    if server == "xinference" or kind == "HTTPException":
        return RefusedError(JSONResponse({"detail": words}, status))
    return RefusedError(JSONResponse({"error": kind, "detail": "", "body": "", "errors": words}, status))


def check(server: str, path: str, body: Any) -> list[str]:
    """Check the types as a server does; give the fields it does not heed.

    Raises:
        RefusedError: a value is of another type: 422 of FastAPI, or 500 where a server reads it by itself.
    """
    fields = known(server, path)
    if not isinstance(body, dict):
        raise failed(server, 500, "cannot use value() with array")
    wrong = [
        {
            "type": f"{_name(fields[key])}_type",
            "loc": ["body", key],
            "msg": f"Input should be a valid {_name(fields[key])}",
        }
        for key, value in body.items()
        if key in fields and not _fits(value, fields[key])
    ]
    if server == "xinference" and (wrong or "model" not in body):
        raise RefusedError(PlainTextResponse("Internal Server Error", 500))
    if wrong and server in {"a1111", "forge", "sdnext"}:
        raise RefusedError(JSONResponse({"detail": wrong}, 422))
    if wrong:
        raise failed(
            server, 500, f"[json.exception.type_error.302] type must be {_name(fields[wrong[0]['loc'][1]])}"
        )
    return sorted(set(body) - set(fields))


def _fits(value: Any, kind: Any) -> bool:
    return isinstance(value, kind) and (kind is bool or not isinstance(value, bool))


def _name(kind: Any) -> str:
    names = {str: "string", int: "integer", list: "list", dict: "dictionary", bool: "boolean"}
    return "number" if isinstance(kind, tuple) else names[kind]
