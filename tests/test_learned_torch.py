"""The networks of the learned texture coder are those of the training script: needs torch and onnx."""

from __future__ import annotations

import sys
from pathlib import Path
from unittest import mock

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="trains the networks; not needed to run them")
pytest.importorskip("onnx", reason="writes the graphs; not needed to run them")

from promptcodec.layers.texture.learned import model, synthesis
from promptcodec.layers.texture.learned.encoder import nets
from promptcodec.layers.texture.transform import MIDDLE
from promptcodec.vision import runtime

ROOT = Path(__file__).parent.parent
sys.path.append(str(ROOT))
from training.texture_coder import export, export_nets, network

QUALITIES = np.array([3, 44])


@pytest.fixture(scope="module")
def coder():
    """Give a coder of chance weights that half floats hold, in which every part shows."""
    torch.manual_seed(1)
    with mock.patch.object(network, "WIDTHS", (24, 16, 8)):
        result = network.Coder().eval()
    with torch.no_grad():
        result.line_out.weight *= torch.linspace(0.5, 2, network.LATENTS)[:, None, None]
        for part in (result.see[-1], result.draw[-1]):
            part.weight *= 50
        for part in result.modules():
            if isinstance(part, torch.nn.Conv2d):
                part.weight.copy_(
                    torch.from_numpy(export_nets.shorter(part.weight.numpy()).astype(np.float32))
                )
                if part.bias is not None:
                    part.bias.copy_(part.bias.half().float())
        line = result.line().half().float()
    result.line = lambda: line
    return result


@pytest.fixture
def exported(coder):
    """Let the networks be those of the coder."""
    known = synthesis.unpack(synthesis.pack(export_nets.synthesis(coder)))
    steps = (export.steps() / network.SCALE).astype(np.float32)
    graphs = {
        "analysis-1": export_nets.analysis(coder),
        "synthesis-graph-1": export_nets.drawing(known.widths, with_slope=False),
        "synthesis-slope-1": export_nets.drawing(known.widths, with_slope=True),
    }
    kept = (synthesis.forward, synthesis._convolutions, nets._forward, nets._backward)

    def forget():
        for function in kept:
            function.cache_clear()

    forget()
    with (
        mock.patch.object(synthesis, "network", return_value=known),
        mock.patch.object(nets, "network", return_value=known),
        mock.patch.object(synthesis, "steps", return_value=steps),
        mock.patch.object(nets, "steps", return_value=steps),
        mock.patch.object(
            runtime, "load", lambda name, weights, why: runtime.open_session(graphs[name], why, 1, weights)
        ),
    ):
        yield known
    forget()


def tensor(values):
    return torch.from_numpy(np.ascontiguousarray(values, np.float32)).permute(0, 3, 1, 2)


def array(values):
    return values.detach().permute(0, 2, 3, 1).numpy()


def test_the_synthesis_and_its_slope(coder, exported):
    rng = np.random.default_rng(2)
    levels = rng.integers(-2, 3, (2, 3, 4, model.LATENTS)).astype(np.float32)
    wanted = rng.integers(0, 256, (2, 24, 32, 3)).astype(np.float32)
    given = tensor(levels).clone().requires_grad_()
    theirs = coder.synthesise(given, torch.from_numpy(QUALITIES).float()) * network.SCALE + MIDDLE
    ((theirs - tensor(wanted)).square().sum() / 2).backward()
    slope = array(given.grad)
    # Far from what the linear part gives alone.
    line = array(torch.nn.functional.pixel_shuffle(coder.line_out(torch.zeros(1, model.LATENTS, 3, 4)), 8))
    assert np.abs(array(theirs) - MIDDLE - line).std() > 10
    drawn, back = nets.slope(levels, QUALITIES, wanted)
    size = np.abs(array(theirs) - MIDDLE).max() / 128
    assert np.abs(drawn - array(theirs)).max() < 0.01 * size
    assert np.abs(synthesis.by_runtime(levels, QUALITIES) - array(theirs)).max() < 0.01 * size
    for one, quality, picture in zip(levels, QUALITIES, array(theirs), strict=True):
        assert np.abs(synthesis.draw(one, int(quality)) - picture).max() < 0.05 * max(size, 1)
    for ours, their in zip(back, slope, strict=True):
        assert np.abs(ours - their).max() < 1e-4 * np.abs(their).max()


def test_the_analysis(coder, exported):
    pixels = np.random.default_rng(3).integers(0, 256, (2, 24, 32, 3)).astype(np.float32)
    qualities = torch.from_numpy(QUALITIES).float()
    with torch.no_grad():
        latents = coder.analyse((tensor(pixels) - MIDDLE) / network.SCALE, qualities)
        theirs = array(latents / network.step_of(qualities))
    ours = nets.analyse(pixels, QUALITIES)
    assert theirs.std() > 0.1
    for mine, their in zip(ours, theirs, strict=True):
        assert np.abs(mine - their).max() < 1e-4 * np.abs(their).max()
