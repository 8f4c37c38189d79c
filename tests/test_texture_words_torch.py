"""Words beside the texture coder in torch: shut gates change nothing, open ones read what is where."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training of the texture coder needs torch")

from training.texture_coder import texts, words, words_measure
from training.texture_coder.network import SCALE, Coder, cost
from training.texture_coder.words_network import (
    CELLS,
    ENTROPY,
    SHADE,
    SHADES,
    SYNTHESIS,
    Addition,
    covered,
    draw,
    hints,
    plain,
    see,
    spend,
    tokens,
    weights,
)

WHOLE = np.array([texts.WHOLE], np.float32)
QUALITY = torch.tensor([20.0, 30.0])


def text_of(*numbers: int) -> tuple[np.ndarray, ...]:
    return np.array(numbers, int), np.zeros(len(numbers), int), WHOLE.repeat(len(numbers), 0)


@pytest.fixture(scope="module")
def coder() -> Coder:
    torch.manual_seed(0)
    return Coder().eval().requires_grad_(False)


@pytest.fixture(scope="module")
def levels() -> torch.Tensor:
    return torch.from_numpy(np.random.default_rng(1).integers(-2, 3, (2, 64, 2, 3)).astype(np.float32))


def test_what_is_seen_is_what_the_coder_makes(coder, levels):
    seen = see(coder, levels, QUALITY)
    assert torch.equal(seen.drawn, coder.synthesise(levels, QUALITY))
    assert torch.equal(torch.cat([seen.mean, seen.scale]), torch.cat(coder.expect(levels, QUALITY)))
    assert not coder.draw[3]._forward_pre_hooks  # nothing stays behind


def test_nothing_is_changed_at_first(coder, levels):
    seen, given = see(coder, levels, QUALITY), tokens([text_of(1), text_of()])
    for make in (Addition, plain):
        assert torch.equal(draw(coder, seen, QUALITY, make(SYNTHESIS, 5), given), seen.drawn)
        alone = cost(levels, seen.mean, seen.scale).sum((1, 2, 3))
        assert torch.equal(spend(levels, seen, make(ENTROPY, 5), given), alone)


@pytest.mark.parametrize("widths", [SYNTHESIS, ENTROPY])
def test_a_word_changes_the_picture_that_has_it(coder, levels, widths):
    each = Addition(widths, 5).requires_grad_(False)
    for branch in each.branches:
        branch.second.weight.normal_()
    states = see(coder, levels, QUALITY).states
    states, given = states[:1] if widths is SYNTHESIS else states[1:], tokens([text_of(1), text_of()])
    before = each(states, given)
    each.words.word.weight[1] += 1
    for first, second in zip(before, each(states, given), strict=True):
        changed = (first - second).abs().amax((1, 2, 3))
        assert changed[0] > 0
        assert changed[1] == 0


@pytest.mark.parametrize("widths", [SYNTHESIS, ENTROPY])
def test_words_that_know_the_picture_are_learnt_with_a_frozen_coder(coder, widths):
    torch.manual_seed(0)
    each, wanted = Addition(widths, 2), torch.tensor([1.0, -1.0])[:, None, None, None].expand(2, 64, 2, 3)
    own, other = (tokens([text_of(word) for word in order]) for order in ((0, 1), (1, 0)))
    zero = torch.zeros(2, 64, 2, 3)
    seen = see(coder, zero, QUALITY)
    pixels = draw_line(coder, wanted)

    def error(given: object) -> torch.Tensor:
        if widths is SYNTHESIS:
            return (draw(coder, seen, QUALITY, each, given) - pixels).square().mean()
        return spend(wanted, seen, each, given).mean()

    optimiser = torch.optim.Adam(each.parameters(), 1e-2)
    for _ in range(20):
        optimiser.zero_grad()
        error(own).backward()
        optimiser.step()
    assert error(own) < 0.8 * error(other)


def draw_line(coder: Coder, latents: torch.Tensor) -> torch.Tensor:
    flat = torch.nn.functional.conv2d(latents, coder.line(), padding=1)
    return torch.nn.functional.pixel_shuffle(flat, 8)


def test_plain_weights_are_as_many():
    for widths in (SYNTHESIS, ENTROPY):
        assert weights(plain(widths, 700)) == pytest.approx(weights(Addition(widths, 700)), rel=0.02)


def test_places_are_covered_by_boxes():
    box = torch.tensor([[[0, 0, 0.5, 0.5], [0, 0.25, 1, 1], [0.6, 0.6, 0.7, 0.8]]])
    shares = covered(box, 2, 2)[0]
    assert shares[:, 0].tolist() == [1, 0, 0, 0]
    assert shares[:, 1].tolist() == [0.5, 1, 0.5, 1]
    assert shares[:, 2].tolist() == pytest.approx([0, 0, 0, 1])  # all of it is there


def test_a_few_batches_are_trained(tmp_path, monkeypatch):
    monkeypatch.setattr(words, "PLACES", 12)
    torch.save({"mean": Coder().state_dict()}, tmp_path / "state.pt")
    canvases = np.random.default_rng(1).integers(0, 256, (4, 16, 24, 3), np.uint8)
    np.savez(tmp_path / "train.npz", **{"0_2_3": canvases})
    place = np.array([[0, 0, 0, 1, 1]] * 4, np.float32)
    pictures = [("a", "train", "photo", {"local": [texts.Word("sea", 0, texts.WHOLE)]})]
    texts.save(tmp_path / "texts.npz", texts.collect(["sea"], pictures, {"0_2_3": place}))
    output = tmp_path / "out"
    monkeypatch.setattr(
        "sys.argv", ["words", *map(str, (tmp_path, tmp_path)), "-o", str(output), "--minutes", "1e-6"]
    )
    words.main()
    trained = torch.load(output / "words.pt", weights_only=True)
    second = [value for name, value in trained.items() if name.endswith("second.weight")]
    assert len(second) == 3 + 2 * 5
    assert all(each.abs().max() > 0 for each in second)


def test_words_are_measured_at_the_same_levels(coder):
    from PIL import Image

    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8))
    added, given = list(words.additions(5).values()), tokens([text_of(1), text_of()])
    with torch.no_grad():
        scores, bits, shown = words_measure.worth(coder, added, image, (0, 30.0), given)
    assert scores == pytest.approx([scores[0]] * 4)  # alone, plain, and two texts: nothing is learned yet
    assert bits == pytest.approx([bits[0]] * 4, rel=1e-5)
    assert shown == pytest.approx([scores[0]] * (3 + 1 + words_measure.SWAPS))
    assert words_measure.pixels(image, 0).abs().max() <= 128 / SCALE


def test_hints_are_words_of_cells():
    error = torch.full((1, 3, 2 * CELLS, 2 * CELLS), SHADE / 2)
    error[:, 0, :2, :2] = -99
    quality = torch.tensor([24.0])  # a step of 1
    given = hints(error, quality)
    middle = SHADES // 2 * (SHADES + 1)
    assert given.word[0].tolist() == [middle] + [SHADES // 2 * SHADES**2 + middle] * (CELLS**2 - 1)
    assert given.box[0, 0].tolist() == [0, 0, 1 / CELLS, 1 / CELLS]
    moved = words_measure.moved(given)
    assert moved.there.sum(1).tolist() == [0] + [CELLS**2] * 3
    assert moved.word[2].tolist() != moved.word[1].tolist() == given.word[0].tolist()


def test_an_interval_holds_the_mean():
    low, high = words_measure.interval(np.arange(20.0))
    assert low < 9.5 < high
