"""The comparison's rows, and that every rival's payload is all its decoder needs."""

import json
import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from skimage import data

from eval import rivals
from eval.commands.bits import print_tables
from eval.measure import bits
from eval.rivals import bilevel, scaling, search

ROOT = Path(__file__).parent.parent
NAMES = [name for _, name, _ in rivals.PICTURES]


@pytest.fixture(scope="module")
def by_name():
    return dict(rivals.pictures())


@pytest.fixture(scope="module")
def photo():
    return Image.fromarray(data.astronaut()).crop((0, 0, 512, 384))


def available(rival):
    if isinstance(rival, rivals.Unavailable):
        pytest.skip(str(rival))
    return rival


@pytest.mark.parametrize("name", NAMES)
def test_a_payload_in_a_container_made_without_the_picture_decodes_to_the_same_pixels(by_name, photo, name):
    rival = available(by_name[name])
    for setting in rival.settings:
        for size in ((32, 24), (20, 28)):
            small = scaling.shrink(photo, size, "lanczos")
            for quality in (rival.qualities[0], rival.qualities[len(rival.qualities) // 2]):
                file = rival.file(small, quality, setting)
                payload = rival.strip(file)
                assert len(payload) < len(file)
                decoded = rival.open(rival.restore(payload, size, setting))
                assert np.array_equal(decoded, rival.open(file))
                assert decoded.size == size


@pytest.mark.parametrize("name", NAMES)
def test_what_is_scored_is_what_the_counted_bytes_decode_to(by_name, photo, name):
    rival = available(by_name[name])
    scale = search.Scale(
        rival, rival.settings[0], photo, "lanczos", scaling.shrink(photo, (24, 18), "lanczos")
    )
    best = scale.fill(200)
    (index,) = scale.scored
    payload = scale.payload(index)
    assert best.bytes == len(payload) <= 200
    decoded = rival.open(rival.restore(payload, (24, 18), rival.settings[0]))
    assert best.psnr == search.psnr(photo, scaling.enlarge(decoded, photo.size, "lanczos"))


@pytest.mark.parametrize("name", [name for name, _ in bilevel.coders()])
def test_edge_maps_come_back_from_payload_and_shape(name):
    coder = dict(bilevel.coders())[name]
    if isinstance(coder, rivals.Unavailable):
        pytest.skip(str(coder))
    for shape in ((41, 64), (64, 33)):
        truth = np.random.default_rng(1).random(shape) < 0.1
        assert np.array_equal(coder.decode(coder.encode(truth), shape), truth)


@pytest.mark.parametrize("method", scaling.FILTERS)
def test_no_small_picture_comes_closer_than_the_shrunk_one(photo, method):
    def error(small):
        return -search.psnr(photo, scaling.enlarge(small, photo.size, method))

    least = error(scaling.shrink(photo, (32, 24), method))
    for other in Image.Resampling:
        assert least < error(photo.resize((32, 24), other))


def test_the_search_is_as_good_as_trying_everything(by_name, photo):
    rival = by_name["WebP"]
    ((budget, plain, sharp),) = search.best(rival, photo, [100], "lanczos", lambda picture: picture)
    tops = []
    for side in search.SIDES:
        size = scaling.small_size(photo.size, side, 1, 1)
        scale = search.Scale(rival, "", photo, "lanczos", scaling.shrink(photo, size, "lanczos"))
        fit = [index for index in range(0, 101, 5) if scale.fits(index, budget)]
        tops += [scale.score(index).psnr for index in fit]
    assert plain.psnr >= max(tops) - 0.1
    assert sharp.psnr == plain.psnr


def test_rows_have_the_keys_others_rely_on(tmp_path):
    for name, picture in (("a.png", data.coffee()), ("b.png", data.astronaut())):
        Image.fromarray(picture).resize((120, 80)).save(tmp_path / name)
    lines = ["a red fox in the snow", "two\\nlines", "back\\\\slash", "a photo of a cat", "Ünïcödé"]
    (tmp_path / "texts.txt").write_text("\n".join(lines) + "\n", "utf-8")
    command = [
        sys.executable,
        "-m",
        "eval.bits",
        "--texts",
        str(tmp_path / "texts.txt"),
        "--images",
        str(tmp_path),
    ]
    command += [
        "--data",
        str(tmp_path),
        "--budgets",
        "32",
        "100",
        "--rivals",
        "webp",
        "--limit",
        "5",
        "--json",
    ]
    environment = {**os.environ, "PYTHONSAFEPATH": ""}  # the laboratory is in no wheel
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, check=False)
    assert not done.returncode, done.stderr
    assert "zstd baseline: not run: " in done.stderr  # there are no training texts
    result = json.loads(done.stdout)
    texts = {row["coder"]: row for row in result["texts"]}
    assert set(texts) == {"raw", "zlib -9", "brotli q11", "zstd", "ppm", "auto"}
    assert set(texts["auto"]) == {"coder", "items", "bytes_mean", "enc_per_s", "dec_per_s"}
    assert texts["raw"]["items"] == 5
    assert texts["auto"]["bytes_mean"] <= texts["raw"]["bytes_mean"] + 1
    assert texts["raw"]["bytes_mean"] == pytest.approx((21 + 9 + 10 + 16 + 11) / 5)
    tiny = {(row["codec"], row["budget"]): row for row in result["tiny"]}
    assert {"ours", "ours + sharpening", "ours, not restored", "WebP", "WebP + sharpening"} <= {
        codec for codec, _ in tiny
    }
    assert set(tiny["ours", 100]) == {"codec", "budget", "bytes_mean", "psnr_mean", "n"}
    assert all(row["bytes_mean"] <= budget for (_, budget), row in tiny.items())
    assert tiny["ours", 32]["n"] == 2
    edges = {(row["codec"], row["size"]): row for row in result["edges"]}
    assert set(edges["ours", 64]) >= {"codec", "size", "bytes_mean", "f1_mean"}
    assert all(row["f1_mean"] == 1 for (codec, _), row in edges.items() if codec in ("G4", "WebP lossless"))
    assert edges["G4, of our map", 64]["f1_mean"] == edges["ours", 64]["f1_mean"]
    assert min(edges["ours", side]["f1_mean"] for side in bits.EDGE_SIDES) >= 0.97


def test_a_quality_at_which_the_encoder_fails_does_not_fit(by_name, photo):
    class Failing(type(by_name["WebP"])):
        def file(self, image, quality, setting):
            if quality > 10:
                raise rivals.TooLarge
            return super().file(image, quality, setting)

    scale = search.Scale(Failing(), "", photo, "lanczos", scaling.shrink(photo, (24, 18), "lanczos"))
    assert scale.fill(10**6)
    assert set(scale.scored) == {10}


def test_a_mean_says_over_how_many(capsys):
    rows = list(bits.means([("x", 24, 20, 10.0), ("y", 24, 24, 1.0), ("x", 24, 22, 20.0)]))
    assert rows == [("x", 24, 21.0, 15.0, 2), ("y", 24, 24.0, 1.0, 1)]
    keys = ("codec", "budget", "bytes_mean", "psnr_mean", "n")
    print_tables({"texts": [], "tiny": [dict(zip(keys, row, strict=True)) for row in rows], "edges": []})
    assert "| y | 1.00 (1) |" in capsys.readouterr().out
