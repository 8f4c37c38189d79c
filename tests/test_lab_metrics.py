"""Metrics against what others compute, and against what is known beforehand."""

import io

import numpy as np
import pytest
from PIL import Image, ImageFilter

from eval import metrics
from eval.metrics import pictures, sets
from eval.missing import Unavailable


def value(name, *given):
    try:
        result = metrics.load(metrics.find(name))(*given)
    except Unavailable as reason:
        pytest.skip(f"{name}: {reason}")
    return result


@pytest.fixture(scope="module")
def pairs(astronaut):
    picture = astronaut.crop((128, 0, 352, 192))
    coarse = picture.resize((56, 48), Image.Resampling.BOX).resize(picture.size, Image.Resampling.BICUBIC)
    return {"blurred": (picture, picture.filter(ImageFilter.GaussianBlur(2))), "coarse": (picture, coarse)}


def test_psnr_and_ssim_follow_their_definitions(pairs):
    for one, other in pairs.values():
        a, b = np.asarray(one), np.asarray(other)
        error = ((a.astype(np.float64) - b) ** 2).mean()
        assert value("psnr", one, other) == pytest.approx(10 * np.log10(255**2 / error), abs=1e-9)
        assert value("ssim", one, other) == pytest.approx(ssim(a, b), abs=2e-3)
        assert value("psnr", one, one) == pytest.approx(138.13, abs=0.01)  # finite: a table has no infinity


def window(plane):
    from scipy.ndimage import correlate1d

    taps = np.exp(-((np.arange(11) - 5) ** 2) / 4.5)
    taps /= taps.sum()
    return correlate1d(correlate1d(plane, taps, 0), taps, 1)[5:-5, 5:-5]


def statistics(a, b):
    """SSIM and its contrast-structure term as in Wang et al. 2004, written from the paper."""
    mean_a, mean_b = window(a), window(b)
    spread = window(a * a) - mean_a**2 + window(b * b) - mean_b**2
    shared = window(a * b) - mean_a * mean_b
    contrast = (2 * shared + 7.65**2) / (spread + 7.65**2)
    light = (2 * mean_a * mean_b + 2.55**2) / (mean_a**2 + mean_b**2 + 2.55**2)
    return (light * contrast).mean(), contrast.mean()


def planes(pixels):
    return np.moveaxis(pixels.astype(np.float64), -1, 0)


def ssim(a, b):
    return np.mean([statistics(*pair)[0] for pair in zip(planes(a), planes(b), strict=True)])


def test_ms_ssim_follows_the_paper(pairs):
    weights = (0.0448, 0.2856, 0.3001, 0.2363, 0.1333)
    for one, other in pairs.values():
        scores = []
        for pair in zip(planes(np.asarray(one)), planes(np.asarray(other)), strict=True):
            (a, b), product = pair, 1.0
            for level, weight in enumerate(weights):
                whole, contrast = statistics(a, b)
                product *= (whole if level == 4 else contrast) ** weight
                a, b = (
                    each.reshape(each.shape[0] // 2, 2, -1, 2).mean((1, 3)) if level < 4 else each
                    for each in (a, b)
                )
            scores.append(product)
        values = value("ms_ssim", one, other)
        assert values["ms_ssim"] == pytest.approx(np.mean(scores), abs=2e-3)
        assert values["ms_ssim_db"] == pytest.approx(-10 * np.log10(1 - values["ms_ssim"]))
    assert value("ms_ssim", Image.new("RGB", (160, 300)), Image.new("RGB", (160, 300))) == {}


def test_ciede2000_of_the_papers_pairs():
    """Sharma, Wu and Dalal 2005, table 1: pairs 1, 7, 19 and 25 of Lab colours."""
    from skimage.color import deltaE_ciede2000

    for first, second, expected in (
        ((50, 2.6772, -79.7751), (50, 0, -82.7485), 2.0425),
        ((50, 0, 0), (50, -1, 2), 2.3669),
        ((50, 2.5, 0), (50, 3.2592, 0.335), 1.0),
        ((60.2574, -34.0099, 36.2677), (60.4626, -34.1751, 39.4387), 1.2644),
    ):
        assert float(deltaE_ciede2000(np.array(first), np.array(second))) == pytest.approx(expected, abs=1e-4)
    black, white = (Image.new("RGB", (20, 20), colour) for colour in ("black", "white"))
    assert value("ciede2000", black, white) == pytest.approx(100, abs=0.01)
    assert value("ciede2000_12x12", black, white) == pytest.approx(100, abs=0.01)


@pytest.mark.parametrize(
    "name", ["psnr", "ssim", "ms_ssim_luma", "ssimulacra2", "flip", "ciede2000", "embedding_cosine", "vgg"]
)
def test_a_picture_is_closest_to_itself(pairs, name):
    metric = metrics.find(name)
    one, other = pairs["blurred"]
    same, apart = value(name, one, one), value(name, one, other)
    best = {
        "ssim": 1,
        "ms_ssim_luma": 1,
        "ssimulacra2": 100,
        "flip": 0,
        "ciede2000": 0,
        "embedding_cosine": 1,
        "vgg": 0,
    }.get(name)
    assert best is None or same == pytest.approx(best, abs=1e-3)
    assert metric.better * (same - apart) > 0


def test_sharpness_is_a_share_of_the_original(pairs):
    sharp, blurred = pairs["blurred"]
    assert value("sharpness", sharp, sharp) == 1
    assert 0.2 < value("sharpness", sharp, blurred) < 0.8
    assert value("sharpness", blurred, sharp) == pytest.approx(1 / value("sharpness", sharp, blurred))


def test_ssimulacra2_falls_as_quality_does(pairs):
    """No second implementation can be had here; its scale has 90 for visually lossless, 10 for very low."""
    picture = pairs["blurred"][0]
    scores = []
    for quality in (95, 70, 30, 5):
        out = io.BytesIO()
        picture.save(out, "JPEG", quality=quality)
        scores.append(value("ssimulacra2", picture, Image.open(out).convert("RGB")))
    assert scores == sorted(scores, reverse=True)
    assert scores[0] > 80
    assert scores[3] < 20


def test_flip_of_arrays_is_flip_of_files(pairs, tmp_path):
    flip = pytest.importorskip("flip_evaluator", reason="flip-evaluator is not installed")
    one, other = pairs["coarse"]
    one.save(tmp_path / "a.png")
    other.save(tmp_path / "b.png")
    _, mean, _ = flip.evaluate(str(tmp_path / "a.png"), str(tmp_path / "b.png"), "LDR")
    assert value("flip", one, other) == pytest.approx(mean, abs=1e-5)


def test_clip_tokens(data_folder):
    pytest.importorskip("tokenizers", reason="tokenizers is not installed")
    tokenizer = metrics.load(metrics.find("tokens"))
    assert tokenizer("a photo of a cat", "", 10) == {"tokens": 5, "bits_per_token": 16}
    from eval.metrics.streams import clip_tokenizer

    # The ids that CLIP's own tokenizer gives, without its marks.
    assert clip_tokenizer().encode("A photo of a cat!").ids == [320, 1125, 539, 320, 2368, 256]


def test_patches_follow_the_two_grids():
    def count(width, height):
        return len(list(sets.patches(Image.new("RGB", (width, height)))))

    assert [count(255, 900), count(256, 256), count(383, 512), count(384, 384), count(768, 512)] == [
        0,
        1,
        2,
        2,
        8,
    ]


def test_set_distances_of_known_distributions():
    noise = np.random.default_rng(1).normal(size=(4000, 3))
    moved = noise[::-1] * [1, 2, 1] + [3, 0, 0]
    # |difference of means|^2 + sum of (difference of deviations)^2
    assert sets.frechet(noise, moved) == pytest.approx(9 + 1, rel=0.05)
    assert sets.frechet(noise, noise) == pytest.approx(0, abs=1e-6)
    assert abs(sets.kernel(noise[:2000], noise[2000:])) < 0.05
    assert sets.kernel(noise[:2000], moved[2000:]) > 1


def test_what_a_picture_is_like():
    grey = Image.new("RGB", (64, 64), (90, 90, 90))
    assert pictures.colourfulness(grey) == 0
    assert pictures.colour_entropy(grey) == 0
    assert pictures.flatness(grey) == 1
    assert pictures.gradient(grey) == 0
    halves = np.zeros((64, 64, 3), np.uint8)
    halves[:, 32:, 0] = 255
    assert pictures.colour_entropy(Image.fromarray(halves)) == pytest.approx(1)
    random = np.random.default_rng(2)
    frequency = np.hypot(np.fft.fftfreq(256)[:, None], np.fft.rfftfreq(256))
    frequency[0, 0] = 1
    for slope in (-2, -3):
        phases = np.exp(2j * np.pi * random.random(frequency.shape))
        field = np.fft.irfft2(phases * frequency ** (slope / 2))
        field = (field - field.mean()) / field.std() * 40 + 128
        picture = Image.fromarray(np.clip(field, 0, 255).astype(np.uint8)).convert("RGB")
        assert pictures.spectral_slope(picture) == pytest.approx(slope, abs=0.2)


def test_weights_are_never_fetched():
    import socket

    from eval.missing import offline

    with offline(), pytest.raises(OSError, match="downloads nothing"):
        socket.create_connection(("localhost", 9))
    with pytest.raises(OSError, match=r"refused|111"):
        socket.create_connection(("127.0.0.1", 9), timeout=1)


def test_the_registry_is_open_and_named_uniquely(monkeypatch):
    import sys
    import types

    mine = types.ModuleType("mine")
    mine.RED = metrics.Metric(
        "red", "decoded", 0, "", "mean of red", lambda: lambda image: image.getpixel((0, 0))[0]
    )
    monkeypatch.setitem(sys.modules, "mine", mine)
    assert value("mine:RED", Image.new("RGB", (1, 1), "red")) == 255
    for name in ("nothing", "mine:BLUE", "absent:X"):
        with pytest.raises(Unavailable):
            metrics.find(name)
    assert all(metric.says and metric.better in {-1, 0, 1} for metric in metrics.registry().values())


def test_every_stage_is_timed(scene):
    metric = metrics.find("stages")
    seconds = value("stages", scene)
    assert tuple(seconds) == metric.columns
    assert all(each > 0 for each in seconds.values())
