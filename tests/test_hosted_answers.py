"""One bad answer of a hosted model is one error line; the folder goes on."""

from __future__ import annotations

import io
import json

import pytest
from PIL import Image

from promptcodec.api.pictures import decode
from promptcodec.description import Cell, Description, to_json
from tests.scripted import serving

pytest.importorskip("openai", reason="needs the extra api")
pytestmark = pytest.mark.usefixtures("kept_apart")

BAD = {
    "no object": [1, 2],
    "a page": "<html><body>502 Bad Gateway</body></html>",
    "empty": "",
    "no text": b"\xff\xfe\x00\xd8",
    "deep": "[" * 50_000,
    "choices of numbers": {"choices": [7]},
    "a message of a number": {"choices": [{"message": 7}]},
    "content of numbers": {"choices": [{"message": {"content": [7, None]}}]},
    "huge numbers": '{"choices": [{"message": {"content": "{\\"rows\\": 1e999}"}}], "usage": 1e999}',
    "an error": {"error": {"message": "no", "code": 500}},
    "a number that is none": '{"choices": NaN}',
}


def answering(bad):
    """Answer as the model would, but for a red picture."""

    def answer(asked):
        picture = decode(asked["messages"][1]["content"][1]["image_url"]["url"])
        if Image.open(io.BytesIO(picture)).convert("RGB").getpixel((0, 0))[0] > 200:
            return bad
        grid = asked["response_format"]["json_schema"]["schema"]["properties"]
        rows, cols = (grid[side]["enum"][0] for side in ("rows", "cols"))
        cells = [Cell(text="sea", colours=("dark blue",))] * (rows * cols)
        text = json.dumps(to_json(Description("photo", rows, cols, tuple(cells), summary="The sea.")))
        return {"choices": [{"message": {"content": text}, "finish_reason": "stop"}]}

    return answer


@pytest.mark.parametrize("name", BAD)
def test_a_folder_goes_on_past_a_bad_answer(cli, tmp_path, name):
    for number, colour in enumerate(("navy", "red", "blue")):
        Image.new("RGB", (48, 32), colour).save(tmp_path / f"{number}.png")
    with serving(answering(BAD[name])) as script:
        captioner = f"chat:{script.url}?model=m&retries=0"
        pictures = [f"{number}.png" for number in range(3)]
        words = ("--layers", "semantic", "--captioner", captioner)
        code, out, _ = cli("encode", *pictures, "-o", "out", *words, "--jobs", 1, "--json")
    lines = {line["file"]: line for line in map(json.loads, out.splitlines()) if "file" in line}
    assert code == 1
    assert [lines[picture]["ok"] for picture in pictures] == [True, False, True]
    assert lines["1.png"]["error"]["kind"] in {"captioner", "api"}
