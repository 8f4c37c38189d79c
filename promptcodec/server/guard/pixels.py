"""How large a picture file is, before anything of it is decoded."""

from __future__ import annotations

import importlib
from http import HTTPStatus

from PIL import UnidentifiedImageError

from promptcodec.errors import ImageError
from promptcodec.server.problems import Problem
from promptcodec.vision import formats, jxl, png
from promptcodec.vision.opened import open_image

_PNG_SIZE = slice(16, 20), slice(20, 24)


def check(data: bytes, most: int) -> None:
    """Refuse a picture of too many pixels, and what is no picture.

    What is damaged passes: whoever decodes it says how.

    Raises:
        Problem: it is one.
    """
    try:
        size = _size(data)
    except UnidentifiedImageError as error:
        what = str(error) or "no image in a format that can be read here"
        raise _no_picture(f"this is {what}") from None
    except ImageError as error:
        raise _no_picture(str(error)) from None
    except Exception:  # noqa: BLE001 - decoders raise anything on damaged files
        return
    if size[0] * size[1] > most:
        raise Problem(
            HTTPStatus.REQUEST_ENTITY_TOO_LARGE,
            f"the picture of {size[0]}x{size[1]} has more than {most} pixels, which this server takes; scale "
            "it down first",
            "size",
        )


def _size(data: bytes) -> tuple[int, int]:
    if data.startswith(png.SIGNATURE):
        width, height = (int.from_bytes(data[part], "big") for part in _PNG_SIZE)
        return width, height
    form = formats.with_extra(data)
    if form is not None and formats.is_missing(form):
        raise ImageError(f"{form.name} pictures are not read by this server")
    if head := jxl.head(data):
        return head.size
    if form is not None and form.name != "HEIC":
        return 0, 0  # the picture that a RAW file carries is known when it is decoded
    if form is not None:
        importlib.import_module(form.module).register_heif_opener()
    with open_image(data) as image:
        return image.size


def _no_picture(why: str) -> Problem:
    return Problem(HTTPStatus.UNSUPPORTED_MEDIA_TYPE, why, "image")
