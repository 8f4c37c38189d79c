"""The trained decoder: seams, sizes, subsets of layers, and what a stream says holds in the picture."""

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image

from promptcodec import bitstream, decode, encode, models, plugins
from promptcodec.description import resolve
from promptcodec.errors import UsageError
from promptcodec.generators import (
    Conditions,
    PricedGenerator,
    builtin,
    faithful,
    images,
    learned,
    maps,
    network,
)
from promptcodec.layers import structure, texture
from promptcodec.layers.parts import payload_of
from promptcodec.layers.texture import dct, transform
from promptcodec.layers.texture.dct.encoder.analysis import analyse
from promptcodec.vision.colour import cell_colours, ciede2000, to_srgb
from tests.effort import examples


@pytest.fixture(scope="session")
def tiny():
    """Give an ONNX file of a tiny decoder with random weights, and the decoder."""
    torch = pytest.importorskip("torch", reason="the train group is not installed")
    pytest.importorskip("onnx", reason="the train group is not installed")
    from training.generator import graph
    from training.generator.network import CONFIGS, Decoder

    torch.manual_seed(3)
    decoder = Decoder(CONFIGS["tiny"])
    with torch.no_grad():
        decoder.leave.weight.mul_(20)
        for stage in decoder.stages:
            for block in stage:
                block.modulate.weight.normal_(0, 0.3)
    return graph.model(decoder, CONFIGS["tiny"]), decoder


@pytest.fixture(scope="module")
def decoder():
    """Give the network that is shipped."""
    return learned.open_decoder(models.load(builtin.TRAINED["small"]))


def test_the_core_draws_what_onnxruntime_draws():
    model = models.load(builtin.TRAINED["small"])
    if not network.fits(model):
        pytest.skip("there is no compiled core, or this machine has no vectors for it")
    random = np.random.default_rng(5)
    for height, width in ((4, 4), (8, 20), (36, 28)):
        given = random.standard_normal((maps.DEPTH, height, width), np.float32)
        vector = random.standard_normal(maps.VECTOR).astype(np.float32)
        both = network.read(model).draw(given, vector), learned.by_runtime(model)(given, vector)
        assert np.abs(both[0] - both[1]).max() < 1e-4


def test_widths_that_do_not_fill_the_lanes_are_left_to_onnxruntime(tiny):
    assert not network.fits(tiny[0])
    assert learned.open_decoder(tiny[0]).reach == network.reach(tiny[0])


@pytest.fixture(scope="module")
def lanes():
    """Give an ONNX file of a small decoder that the core can draw with, weights random."""
    torch = pytest.importorskip("torch", reason="the train group is not installed")
    pytest.importorskip("onnx", reason="the train group is not installed")
    from training.generator import graph
    from training.generator.network import Config, Decoder

    torch.manual_seed(4)
    config = Config((16, 16, 16), (1, 1, 1, 1, 1), 8, 2, 64, 5e-4)
    decoder = Decoder(config)
    with torch.no_grad():
        decoder.leave.weight.mul_(20)
    return graph.model(decoder, config)


def test_the_core_repeats_the_edges_as_onnxruntime_does(lanes):
    if not network.fits(lanes):
        pytest.skip("there is no compiled core, or this machine has no vectors for it")
    random = np.random.default_rng(6)
    for height, width in ((4, 4), (12, 20), (20, 8)):
        given = random.standard_normal((maps.DEPTH, height, width), np.float32)
        vector = random.standard_normal(maps.VECTOR).astype(np.float32)
        both = network.read(lanes).draw(given, vector), learned.by_runtime(lanes)(given, vector)
        assert np.abs(both[0] - both[1]).max() < 1e-4


def test_a_flat_ground_shows_no_edge(lanes):
    """An untrained network draws it flat up to the edges, for there the places of a value are alike."""
    given = np.full((maps.DEPTH, 12, 12), 0.5, np.float32)
    vector = np.full(maps.VECTOR, 0.3, np.float32)
    drawn = learned.open_decoder(lanes).draw(given, vector)
    assert np.abs(drawn - 0.5).max() > 0.1
    assert np.ptp(drawn, (1, 2)).max() < 1e-4


def describe(image, rows=3, cols=4):
    return plugins.create("captioners", "local").describe(image, rows=rows, cols=cols, prompt="")


def noisy(size, seed=0):
    picture = np.random.default_rng(seed).uniform(0, 255, (size[1] // 4, size[0] // 4, 3)).astype(np.uint8)
    return np.asarray(Image.fromarray(picture).resize(size, Image.Resampling.BICUBIC), np.float32)


def test_the_file_draws_what_the_decoder_draws(tiny):
    from training.generator import graph
    from training.generator.export import TOLERANCE, difference
    from training.generator.network import CONFIGS

    data, decoder = tiny
    assert difference(decoder, data) < TOLERANCE
    other = type(decoder)(CONFIGS["tiny"])
    assert difference(other, data) > TOLERANCE  # other weights are another picture
    graph.restore(other, data)
    assert difference(other, data) < TOLERANCE


def test_tiles_show_no_seams(decoder):
    rng = np.random.default_rng(1)
    given = rng.standard_normal((maps.DEPTH, 132, 168)).astype(np.float32)
    vector = rng.standard_normal(maps.VECTOR).astype(np.float32)
    whole = learned.run(decoder, given, vector)
    tiled = learned.run(decoder, given, vector, tile=124)
    assert whole.std() > 0.1
    assert np.abs(tiled - whole).max() < 1 / 255
    # The margin is needed: what lies beyond the nearest pixels matters.
    changed = given.copy()
    changed[:, :, 60:] = 0
    assert np.abs(learned.run(decoder, changed, vector)[:, :, : 4 * 52] - whole[:, :, : 4 * 52]).max() > 1e-4


@pytest.fixture(scope="module")
def every_layer(scene, once):
    return {
        "texture": texture.decode(once(texture.encode, scene, 60), scene.size),
        "structure": structure.decode(once(structure.encode, scene, 60), scene.size),
        "description": describe(scene),
    }


LAYERS = [(t, s, w) for t in (0, 1) for s in (0, 1) for w in (0, 1) if t + s + w]


@pytest.mark.parametrize("layers", LAYERS, ids=str)
def test_any_layers_any_size(every_layer, layers):
    given = {name: value for (name, value), there in zip(every_layer.items(), layers, strict=True) if there}
    draw = builtin.create({})
    assert draw.name == "builtin:small"
    for size in ((192, 128), (1, 1), (37, 211), (1300, 200)):
        drawn = draw.generate(Conditions(size, 1, **given))
        assert (drawn.size, drawn.mode) == (size, "RGB")
    again = draw.generate(Conditions((192, 128), 1, **given))
    assert np.array_equal(np.asarray(again), np.asarray(draw.generate(Conditions((192, 128), 1, **given))))
    other = draw.generate(Conditions((192, 128), 1, strength=0.9, **given))
    # Without colours the classical renderer draws, and takes no notice.
    assert np.array_equal(np.asarray(again), np.asarray(other)) == ("texture" not in given)


def test_coded_pixels_are_shown(scene):
    drawn = builtin.create({}).generate(Conditions(scene.size, 1, pixels=scene))
    assert np.array_equal(np.asarray(drawn), np.asarray(scene))


def test_the_best_there_is_draws(monkeypatch):
    assert builtin.create({"variant": "classical"}).name == "builtin:classical"
    with pytest.raises(UsageError, match="small, classical"):
        builtin.create({"variant": "base"})
    monkeypatch.setattr(models, "shipped", lambda _: False)
    assert builtin.create({}).name == "builtin:classical"


@pytest.mark.parametrize("budget", [20, 400])
def test_coefficients_stay_in_their_quantisation_cells(scene, once, budget):
    stream = once(encode, scene, layers=("texture",), budget=budget)
    payload = payload_of(bitstream.read(stream).parts[0])
    wanted = texture.coefficients(payload)
    for strength in (0.0, 1.0):
        drawn = np.asarray(decode(stream, strength=strength).image, np.float32)
        amplitudes = transform.amplitudes(drawn, *wanted.amplitudes.shape[:0:-1])
        over = np.abs(amplitudes - wanted.amplitudes) - wanted.margins
        assert over.max() < transform.UNIT * 0.5  # half a pixel level, for rounding and clipping


def test_bounds_are_around_what_is_restored(astronaut):
    picture = astronaut.reduce(4)
    payload = dct.encode(picture, 100)
    content = dct.read(payload)
    assert content.restored
    wanted = dct.coefficients(payload)
    true = analyse(picture, *wanted.amplitudes.shape[:0:-1])
    coded = np.isfinite(wanted.margins)
    inside, plain = (
        (np.abs(true - around) <= wanted.margins)[coded].mean()
        for around in (wanted.amplitudes, dct.dequantise(content))
    )
    assert inside > max(plain, 0.85)
    assert not np.array_equal(wanted.amplitudes, dct.dequantise(content))
    # Where nothing is coded, nothing is asked for.
    assert coded.sum() == sum(map(len, content.levels)) + transform.PLANES


def test_projection_changes_only_what_is_outside():
    picture = noisy((96, 64))
    amplitudes = transform.amplitudes(picture, 12, 12)
    margins = np.full_like(amplitudes, 5.0)
    kept = faithful.to_coefficients(picture, texture.Coefficients(amplitudes + 4, margins))
    assert np.abs(kept - picture).max() < 0.05
    moved = faithful.to_coefficients(picture, texture.Coefficients(amplitudes * 0.5, margins))
    inside = np.abs(transform.amplitudes(moved, 12, 12) - amplitudes * 0.5)
    assert inside.max() < 5.5
    assert np.abs(moved - picture).max() > 5


@examples(0.8)
@given(st.integers(1, 40), st.integers(1, 40), st.integers(1, 12), st.integers(1, 12))
def test_float_amplitudes_are_those_of_the_layer(width, height, across, down):
    picture = np.random.default_rng(0).integers(0, 256, (height, width, 3)).astype(np.uint8)
    exact = analyse(Image.fromarray(picture), across, down)
    assert np.abs(transform.amplitudes(picture.astype(np.float32), across, down) - exact).max() < 2


@pytest.mark.parametrize("grid", [(1, 1), (3, 4), (8, 8)])
def test_cells_have_the_colours_they_are_said_to_have(scene, grid):
    description = describe(scene, *grid)
    drawn = builtin.create({}).generate(Conditions((200, 140), 5, description, strength=1.0))
    means = faithful.cell_means(np.asarray(drawn, np.float32), *grid).reshape(-1, 3)
    wanted = np.stack([to_srgb(cell_colours(cell).mean(0)) for cell in resolve(description)])
    assert ciede2000(means, wanted).max() < 5


def test_sampling_a_grid():
    grid = np.random.default_rng(0).standard_normal((4, 6, 3)).astype(np.float32)
    assert np.allclose(maps.sample(grid, (0, 0, 1, 1), (6, 4)).transpose(1, 2, 0), grid, atol=1e-6)
    left = maps.sample(grid, (0, 0, 0.5, 1), (24, 32))
    assert np.allclose(left, maps.sample(grid, (0, 0, 1, 1), (48, 32))[..., :24], atol=1e-5)
    assert np.allclose(maps.sample(grid, (1.2, 0, 1.4, 1), (2, 4))[..., 0].T, grid[:, -1], atol=1e-6)


def test_strength_is_checked(cli, scene, once, tmp_path):
    stream = once(encode, scene, layers=("texture",), budget=64)
    with pytest.raises(UsageError, match="strength"):
        decode(stream, strength=1.5)
    (tmp_path / "a.pxt").write_bytes(stream)
    assert cli("decode", "a.pxt", "-o", "a.png", "--strength", "2")[0] == 2
    assert cli("decode", "a.pxt", "-o", "a.png", "--strength", "0")[0] == 0


@pytest.mark.slow
def test_training_goes_on_where_it_stopped(data_folder, tmp_path):
    pytest.importorskip("torch", reason="the train group is not installed")
    pytest.importorskip("efficientnet_lite_pytorch", reason="the train group is not installed")
    pytest.importorskip("safetensors", reason="the train group is not installed")
    from training.generator import data, pack, pictures, train
    from training.generator.network import CONFIGS

    files = []
    for path in pictures(data_folder)[:3]:
        pack.pack(path, tmp_path, 1)
        files.append(tmp_path / f"{path.stem}.npz")
    shards = pack.shards(files, tmp_path / "shards")
    items = data.read(shards[0].parent, held=False)
    config = CONFIGS["tiny"]
    batches = data.Batches(items, config.batch, config.crop, 1, 0)

    def steps(trainer, numbers):
        return [trainer.step(batches.make(number), 0.5) for number in numbers]

    whole = train.Trainer(config, data_folder, "cpu")
    steps(whole, range(2))
    train.save(tmp_path, "state", whole.state())
    expected = steps(whole, range(2, 4))
    stopped = train.Trainer(config, data_folder, "cpu")
    stopped.restore(train.load(tmp_path, "state"))
    resumed = steps(stopped, range(2, 4))
    assert stopped.iteration == 4
    for one, other in zip(expected, resumed, strict=True):
        assert one == pytest.approx(other, rel=0.02)
    assert all(part.stat().st_size < 16 * 2**20 for part in (tmp_path / "state").iterdir())


def test_a_batch_is_the_same_whenever_it_is_made(data_folder, tmp_path):
    pytest.importorskip("torch", reason="the train group is not installed")
    from training.generator import data, pack, pictures

    paths = pictures(data_folder)[5:7]
    for path in paths:
        pack.pack(path, tmp_path, 1)
    items = [data._item(path.stem, (tmp_path / f"{path.stem}.npz").read_bytes()) for path in paths]
    first, later = (data.Batches(items, 2, 64, 1, start) for start in (0, 5))
    stream = iter(later)
    one, other = first.make(5), next(stream)
    for name in ("given", "vector", "wanted", "strength"):
        assert np.array_equal(getattr(one, name).numpy(), getattr(other, name).numpy())
    assert one.given.shape == (2, maps.DEPTH, 16, 16)
    assert not np.array_equal(one.wanted.numpy(), next(stream).wanted.numpy())


def test_patch_statistics():
    from eval.metrics import vgg

    rng = np.random.default_rng(0)
    rows = rng.standard_normal((400, 6))
    same = vgg.moments(rows)
    assert vgg.frechet(same, same) == pytest.approx(0, abs=1e-6)
    assert vgg.frechet(same, vgg.moments(rows + 2)) == pytest.approx(24, rel=1e-6)
    layers = [rng.random((4, 8, 8)).astype(np.float32) for _ in range(5)]
    assert vgg.distances(layers, layers, Path("nowhere")) == {"vgg": 0.0}
    assert vgg.distances(layers, [3 * layer for layer in layers], Path("nowhere"))["vgg"] < 1e-9
    assert (
        vgg.distances(layers, layers[:1] + [layer[::-1] for layer in layers[1:]], Path("nowhere"))["vgg"]
        > 0.01
    )


def test_only_what_asks_paid_services_has_a_price(monkeypatch):
    monkeypatch.delenv("SOME_KEY", raising=False)
    hosted = images.create({"model": "x", "api_key_env": "SOME_KEY"})
    assert isinstance(hosted, PricedGenerator)  # asking needs no key
    for variant in builtin.variants():
        drawn_here = builtin.create({"variant": variant})
        assert not isinstance(drawn_here, PricedGenerator)
        assert drawn_here.provenance == {}
