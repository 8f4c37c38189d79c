"""Training of the generator: the loss for smooth areas, the coder that is packed, the judges' places."""

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="the train group is not installed")
pytest.importorskip("onnx", reason="the train group is not installed")


from training.generator import flat
from training.generator.evaluate import change

SIDE = 64


def wave(period, levels):
    """Give a plane wave of so many levels, root mean square, as the loss takes it."""
    line = np.sqrt(2) * levels / 127.5 * np.cos(2 * np.pi * (np.arange(SIDE) + 0.5) / period)
    return torch.from_numpy(np.tile(line, (1, 3, SIDE, 1)).astype(np.float32))


def test_a_wave_where_the_picture_is_flat_has_its_energy():
    slope = torch.linspace(-0.5, 0.5, SIDE).expand(1, 3, SIDE, SIDE)
    assert flat.error(slope, slope).item() == 0
    prices = [flat.error(slope + wave(period, flat.LEVELS), slope).item() for period in (4, 8, 16)]
    assert prices == pytest.approx([1, 1, 1], abs=0.25)
    assert flat.error(slope + 2 * wave(8, flat.LEVELS), slope).item() == pytest.approx(
        4 * prices[1], rel=0.01
    )
    # A change of the whole, and of a slope, is others' business.
    assert flat.error(slope + 0.1, slope).item() < 1e-6
    assert flat.error(1.1 * slope, slope).item() < 0.01


def test_a_wave_where_the_picture_is_busy_is_left_alone():
    busy = wave(6, 20).transpose(2, 3)
    assert flat.error(busy + wave(8, flat.LEVELS), busy).item() < 0.01
    half = torch.cat([busy[..., : SIDE // 2], torch.zeros(1, 3, SIDE, SIDE // 2)], 3)
    shown = (half + wave(8, flat.LEVELS)).requires_grad_()
    (gradient,) = torch.autograd.grad(flat.error(shown, half).sum(), shown)
    left, right = gradient[..., :16].norm(), gradient[..., -16:].norm()
    assert right > 50 * left


def test_changes_have_intervals():
    before = np.random.default_rng(0).uniform(1, 2, 30)
    percent, low, high = change(np.stack([before, 0.9 * before], 1))
    assert (percent, low, high) == pytest.approx((-10, -10, -10))
    rows = np.stack([before, before[::-1]], 1)
    rows[3, 0] = np.nan
    percent, low, high = change(rows)
    assert low < percent < high
    assert all(map(np.isnan, change(np.full((2, 2), np.nan))))
