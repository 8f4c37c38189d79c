"""The measure of plane waves, on errors whose waves are known."""

import numpy as np
import pytest
from PIL import Image

from eval import metrics
from eval.metrics.waves import FLAT, waves

WIDTH, HEIGHT = 512, 160
DOWN, ACROSS = np.mgrid[:HEIGHT, :WIDTH]
NOISE = np.random.default_rng(25)


def picture(levels):
    """Give grey levels as a picture, rounded; no test's are out of range."""
    plane = np.broadcast_to(np.asarray(levels, np.float64), (HEIGHT, WIDTH)).round()
    assert plane.min() >= 0
    assert plane.max() <= 255
    return Image.fromarray(np.repeat(plane.astype(np.uint8)[..., None], 3, axis=2))


def wave(amplitude, length, angle=0.0):
    phase = 2 * np.pi / length * (ACROSS * np.cos(angle) + DOWN * np.sin(angle))
    return amplitude * np.cos(phase + 1)


SKY = picture(100 + ACROSS / 16 + (DOWN / 40) ** 2)


def changed(error, original=SKY):
    return picture(np.asarray(original, np.float64)[..., 0] + error)


@pytest.mark.parametrize("amplitude", [3, 6, 12])
@pytest.mark.parametrize(("length", "angle"), [(6, 0.3), (12, 1.1), (20, 2.5)])
def test_a_plane_wave_counts_with_its_energy(amplitude, length, angle):
    assert waves(SKY, changed(wave(amplitude, length, angle))) == pytest.approx(amplitude**2 / 2, rel=0.07)


def test_several_waves_count_together():
    weave = wave(4, 9) + wave(4, 9, np.pi / 2) + wave(4, 15, 0.7)
    assert waves(SKY, changed(weave)) == pytest.approx(24, rel=0.1)


def test_a_wave_counts_among_noise_and_the_noise_does_not():
    grain = NOISE.normal(0, 3, (HEIGHT, WIDTH))
    assert waves(SKY, changed(wave(6, 12, 0.5) + grain)) == pytest.approx(18, rel=0.1)
    assert waves(SKY, changed(np.sqrt(2) * grain)) < 18 / 100  # of a wave's energy


def test_what_is_not_a_wave_counts_for_nearly_nothing():
    errors = [12, -8, ACROSS / 20, 10 - (DOWN / 50) ** 2, wave(12, 512), 9 * np.exp(-ACROSS / 40)]
    for error in errors:
        assert waves(SKY, changed(error)) < 1 / 12  # which rounding has: its steps are waves too
    assert waves(SKY, SKY) == 0


def test_an_edge_that_was_blurred_is_no_wave():
    step = np.where(ACROSS < 256, 60.0, 180.0)
    blurred = 120 + 60 * np.tanh(
        (ACROSS - 255.5) / 25
    )  # as many levels wrong as pixels from the edge are few
    energy = ((blurred - step) ** 2).mean()
    assert waves(picture(step), picture(blurred)) < energy / 500


def test_waves_on_texture_are_not_counted():
    left = ACROSS < WIDTH // 2
    grass = picture(120 + np.where(left, NOISE.normal(0, 12, (HEIGHT, WIDTH)), 0))
    assert waves(grass, changed(wave(8, 12), grass)) == pytest.approx(32, rel=0.05)
    assert waves(grass, changed(np.where(left, wave(8, 12), 0), grass)) < 1  # what leaks over the border
    everywhere = picture(120 + NOISE.normal(0, 2 * FLAT, (HEIGHT, WIDTH)))
    assert np.isnan(waves(everywhere, changed(wave(8, 12), everywhere)))


def test_texture_that_is_lost_is_no_wave():
    faint = picture(120 + NOISE.normal(0, 2, (HEIGHT, WIDTH)))
    assert waves(faint, picture(120)) < 0.05


def test_colour_is_the_mean_of_the_channels():
    pixels = np.asarray(SKY).copy()
    pixels[..., 0] = np.asarray(changed(wave(6, 12)))[..., 0]
    assert waves(SKY, Image.fromarray(pixels)) == pytest.approx(6, rel=0.05)


def test_the_size_of_the_picture_is_no_matter():
    woven = changed(wave(8, 16, 0.4))
    expected = waves(SKY, woven)
    for scale in (2, 3):
        pair = (
            each.resize((WIDTH * scale, HEIGHT * scale), Image.Resampling.BICUBIC) for each in (SKY, woven)
        )
        assert waves(*pair) == pytest.approx(expected, rel=0.1)
    turned = (each.transpose(Image.Transpose.ROTATE_90) for each in (SKY, woven))
    assert waves(*turned) == pytest.approx(expected, rel=1e-4)


def test_a_picture_that_is_too_narrow_for_a_window_has_no_value():
    assert np.isnan(waves(SKY.crop((0, 0, 512, 63)), SKY.crop((0, 0, 512, 63))))


def test_studies_find_it_by_name():
    metric = metrics.find("waves")
    assert metrics.load(metric) is waves
    assert metric.better < 0
