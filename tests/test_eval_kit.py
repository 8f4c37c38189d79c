"""The kit: what it says beforehand, what it runs, what it may spend, and its page over published points."""

from __future__ import annotations

import math
import tomllib
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from PIL import Image

from eval import report
from eval.commands import main
from eval.lab import plan, rows
from eval.measure import guidance, kit
from eval.missing import Unavailable
from eval.report import kit as pages
from eval.report.summary import Point
from promptcodec.api.spending import Limits
from promptcodec.generators.guidance import EDGE_BYTES, control_weight, noise_share
from promptcodec.layers.structure.encoder.contours import edges
from promptcodec.readiness import Readiness


@pytest.fixture
def folders(tmp_path, scene):
    """Give a folder of two "Kodak" pictures and one of two others, all small."""
    kodak, others = tmp_path / "kodak", tmp_path / "others"
    turned = iter((None, *Image.Transpose))
    for folder, names in ((kodak, ("kodim01.png", "kodim02.png")), (others, ("a.png", "b.png"))):
        folder.mkdir()
        for name, turn in zip(names, turned, strict=False):
            image = scene if turn is None else scene.transpose(turn)
            image.resize((384, 256)).save(folder / name)
    return kodak, others


def setup_of(folders, generators=("builtin:classical",), captioner="local", limit=None):
    return kit.Setup(*folders, captioner, generators, limit)


def test_both_lines_are_settings_of_the_study(folders):
    asked = kit.study_of(setup_of(folders))
    names = {entry["name"] for entry in asked.codecs}
    assert {name for line in pages.LINES.values() for name in line} == names
    assert all(len(entry["settings"]) == 1 for entry in asked.codecs)
    assert kit.count(asked) == {"Kodak": 2, "AI images": 2}
    assert kit.count(kit.study_of(setup_of(folders, limit=1))) == {"Kodak": 1, "AI images": 1}
    with pytest.raises(Unavailable, match="no picture"):
        kit.count(kit.study_of(setup_of((folders[1], folders[0]))))  # those are not Kodak's


def test_more_money_does_not_draw_again(folders):
    def identities(limits):
        asked = kit.study_of(setup_of(folders), limits)
        return [plan._Runnable(each, "", "whole", ("",), "1").same for each in asked.codecs]

    assert identities(None) == identities(Limits(1.0)) == identities(Limits(2.0, strict=True))


def test_what_works_is_asked_of_the_plugins():
    assert kit.examine("generators", "builtin").ok
    absent = kit.examine("generators", "unheard")
    assert not absent.ok
    assert "no generator is called 'unheard'" in absent.why
    assert kit.about(
        Readiness("sdxl", ok=False, why="not fetched", licence="OpenRAIL++", size=7 * 10**9)
    ) == ("sdxl: cannot run: not fetched; OpenRAIL++; 7.0 GB")
    text, get = kit.about_metric({"name": "m", "reason": "r", "size": 5e8, "licence": "MIT", "get": "pip m"})
    assert (text, get) == ("metric m: not here: r; this fetches about 500 MB (MIT):", "pip m")
    assert kit.about_metric({"name": "m", "reason": "r"}) == ("metric m: not here: r", "")
    assert kit.about_metric({"name": "m", "reason": "No module named 'p'"})[1] == kit.EXTRA


def test_weights_are_of_metrics_of_the_study():
    known = tomllib.loads(kit.WEIGHTS.read_text())
    assert set(known) <= set(tomllib.loads(kit.STUDY.read_text())["metrics"])
    for each in known.values():
        assert each["size"] > 10**6
        assert each["licence"]
        assert each["get"].startswith("pip install ")


def test_published_points_have_sources_and_conditions():
    points = pages.published()
    assert {each["name"] for each in points} == {name for _, _, name in pages.OTHERS}
    assert all(each["source"] and each["conditions"] for each in points)
    by_name = {each["name"]: each for each in points}
    assert by_name["CMC-Bench, text"]["values"]["lpips_alex"] == 0.73
    assert not by_name["CMC-Bench, text"]["usual"]
    assert by_name["CoD-Lite"]["values"]["dists"] == 0.208
    assert by_name["AEIC-SE"]["usual"]


def test_who_drew_is_named_shortly():
    def name(codec):
        return pages.generator_of(Point("Kodak", codec, "whole", "", {}, 0, 0))

    assert name("words") == "builtin"
    assert name("words by diffusers:sdxl") == "diffusers:sdxl"
    assert name("words by images:http://127.0.0.1:1/v1?model=m&image_price=1") == "images, m"
    assert name("words by comfyui:http://127.0.0.1:8188") == "comfyui, 127.0.0.1:8188"


def material(folder, codecs):
    table = [
        {
            "image": f"kodim{number:02}.png", "dataset": "Kodak", "codec": codec, "setting": "0.0025bpp",
            "mode": "whole", "bytes": 100 + number, "width": 768, "height": 512, "bpp": 0.0021, "enc_s": 1.0,
            "dec_s": 1.0, "error": "", "psnr": 18.0 + number,
        }
        for codec in codecs
        for number in (1, 2)
    ]  # fmt: skip
    run = {
        "title": "t", "question": "q <script>", "command": "python -m eval kit", "features": [],
        "metrics": [{"name": "psnr", "kind": "pair", "says": "dB", "columns": ["psnr"]}],
    }  # fmt: skip
    return report.Material(folder, table, ["psnr", "lpips_alex"], run, ())


def test_the_page_says_what_was_and_was_not_measured(tmp_path):
    pytest.importorskip("matplotlib", reason="the extra eval is not installed: no matplotlib")
    drawn = material(tmp_path, ["words", "words by images:http://h/v1?model=<b>|x"])
    assert (
        pages.write(drawn, ["builtin: ready: *it*"], [("metric dists: no weights:", "pip install p")]) == []
    )
    text = (tmp_path / pages.PAGE).read_text()
    assert "| Kodak | builtin | words | 2 | 0 | 101.5 | 0.00210 | 19.50 " in text
    assert "images, &#60;b&#62;&#124;x" in text
    assert "<script>" not in text
    assert "      pip install p\n" in text
    assert "`lpips_alex` of ours was not measured" in text
    assert "`psnr` of ours" not in text
    assert "These are 2 of its 24 pictures" in text
    assert "CMC-Bench (arXiv 2406.09356)" in text
    with Image.open(tmp_path / "kit.png") as plot:
        assert min(plot.size) > 600
    assert "<svg" in (tmp_path / "kit.svg").read_text()


def test_nothing_runs_where_nothing_can(folders, tmp_path, capsys, monkeypatch):
    monkeypatch.setattr(kit, "missing_metrics", lambda _: [])
    words = ["kit", *map(str, folders), "-o", str(tmp_path / "out"), "--generator", "unheard", "--go"]
    assert main(words) == 4
    assert "no generator is called 'unheard'" in capsys.readouterr().err
    assert not (tmp_path / "out").exists()


@pytest.mark.usefixtures("kept_apart")
def test_hosted_models_are_estimated_by_one_picture_of_each_folder(folders, monkeypatch):
    pytest.importorskip("openai", reason="needs the extra api")
    address = "images:http://127.0.0.1:9/v1?model=m"
    priced = kit.study_of(setup_of(folders, (f"{address}&input_price=1&output_price=4&image_price=0.01",)))
    one = kit.cost(replace(priced, codecs=priced.codecs[2:3], datasets=priced.datasets[:1]))
    assert one.requests == 2  # two pictures, drawn once
    assert 0.02 < one.dollars < 0.06
    coded = SimpleNamespace(data=(Path(__file__).parent / "golden/words-and-colours.pxt").read_bytes())
    monkeypatch.setattr(kit.encoding, "encode_full", lambda *_: coded)
    unpriced = kit.study_of(setup_of(folders, (address,)))
    few = replace(unpriced, codecs=unpriced.codecs[:1], datasets=unpriced.datasets[:1])
    assert math.isnan(kit.cost(few).dollars)


@pytest.mark.usefixtures("kept_apart")
def test_without_go_nobody_is_asked_for_what_costs(folders, tmp_path, capsys, monkeypatch):
    from promptcodec.testing.loopback import serve
    from tests.hosted import calls, painter

    monkeypatch.setattr(kit, "missing_metrics", lambda _: [])
    monkeypatch.setattr(kit, "cost", lambda _: kit.Cost(16, 0.184))
    log = tmp_path / "log"
    with serve(log=log) as url:
        words = ["kit", *map(str, folders), "-o", str(tmp_path / "out"), "--generator", painter(url)]
        assert main(words) == 0
    assert {each["path"] for each in calls(log)} == {"/v1/models"}
    printed = capsys.readouterr().err
    assert "16 drawings; about $0.18 in 16 requests or more" in printed
    assert "takes was not tried" in printed
    assert "--go runs it" in printed
    assert not (tmp_path / "out").exists()


@pytest.mark.slow
def test_a_run_is_tried_on_one_picture_stopped_by_money_and_goes_on(
    folders, tmp_path, capsys, monkeypatch, kept_apart, server
):
    from tests.hosted import painter

    pytest.importorskip("matplotlib", reason="the extra eval is not installed: no matplotlib")
    out = tmp_path / "out"
    words = ["kit", *map(str, folders), "-o", str(out), "--generator", painter(server)]
    words += ["--generator", "builtin:classical", "--limit", "1"]
    assert main(words) == 0
    assert "one picture, coded and drawn by builtin:classical" in capsys.readouterr().err
    assert main([*words, "--go", "--max-cost", "0.03"]) == 1
    assert "the cap is reached" in capsys.readouterr().err
    assert main([*words, "--go"]) == 0
    table, _ = rows.read_csv(out / "results.csv")
    assert len(table) == 2 * 4 * 2
    assert not any(row["error"] for row in table)
    assert all(row["psnr"] > 12 for row in table if "texture layer" in row["codec"])
    assert (out / pages.PAGE).is_file()


def test_more_bytes_say_more_and_are_followed_further(astronaut, tmp_path):
    astronaut.resize((256, 256)).save(tmp_path / "a.png")
    few, many = guidance.measure(tmp_path / "a.png", (16, 256))
    assert many.psnr > few.psnr + 1
    assert many.edges > few.edges
    first, second = guidance.summarise([few, many])
    assert (first.noise_share, first.control_weight) > (second.noise_share, 0.0)
    assert second.control_weight > first.control_weight
    assert guidance.per_doubling([few, many]) == pytest.approx((many.psnr - few.psnr) / 4)


def test_the_rule_is_fitted_to_what_contours_carry():
    rows_of_a_law = [guidance.Measured(size, 0, 1 - math.exp(-size / 90)) for size in (16, 64, 256)]
    assert guidance.edge_bytes(rows_of_a_law) == 90
    assert control_weight({"structure": round(EDGE_BYTES)}, 0.5) == pytest.approx(1 - 1 / math.e)
    assert noise_share({"texture": 64}, 0.5) == pytest.approx(0.9)
    # A skeleton is whole in few bytes; without one there is nothing to follow.
    assert [control_weight({"structure": size}, 0.5, skeletons=True) for size in (0, 25)] == [0, 1]


def test_the_share_of_edges_is_that_of_their_gradient():
    luma = np.zeros((32, 64))
    luma[:, 20:] = 0.3
    luma[:, 44:] = 1.0
    outlines = edges(luma)
    lines = np.zeros(luma.shape, bool)
    lines[:, 44] = True
    assert guidance.carried(luma, outlines, lines) == pytest.approx(0.7, abs=0.02)
    assert guidance.carried(luma, outlines, np.zeros_like(lines)) == 0
    assert guidance.carried(np.zeros((8, 8)), np.zeros((8, 8), bool), np.zeros((8, 8), bool)) == 1
