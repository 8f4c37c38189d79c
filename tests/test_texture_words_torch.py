"""Words beside the texture coder in torch: shut gates change nothing, open ones read what is where."""

from __future__ import annotations

import numpy as np
import pytest

torch = pytest.importorskip("torch", reason="training of the texture coder needs torch")

from training.texture_coder import texts, words, words_measure
from training.texture_coder.network import SCALE, Coder
from training.texture_coder.words_network import Entropy, Synthesis, covered, hints, plain, tokens, weights

WHOLE = np.array([texts.WHOLE], np.float32)


def drawn(coder: Coder) -> tuple[torch.Tensor, torch.Tensor]:
    levels = torch.from_numpy(np.random.default_rng(1).integers(-2, 3, (2, 64, 2, 3)).astype(np.float32))
    quality = torch.tensor([20.0, 30.0])
    return coder.synthesise(levels, quality), torch.cat(coder.expect(levels, quality))


def two_texts() -> object:
    return tokens([(np.array([1]), np.array([0]), WHOLE), (np.zeros(0, int), np.zeros(0, int), WHOLE[:0])])


@pytest.fixture(scope="module")
def coder() -> Coder:
    torch.manual_seed(0)
    return Coder().eval().requires_grad_(False)


@pytest.mark.parametrize("kind", [Synthesis, Entropy])
def test_shut_gates_change_nothing(coder, kind):
    before = drawn(coder)
    for each in (kind(5), plain(kind, 5)):
        with each.beside(coder, two_texts()):
            beside = drawn(coder)
        assert all(map(torch.equal, before, beside))


@pytest.mark.parametrize(("kind", "at"), [(Synthesis, 0), (Entropy, 1)])
def test_open_gates_change_their_own_part_by_the_words(coder, kind, at):
    each = kind(5).requires_grad_(False)
    for name, parameter in each.named_parameters():
        if name.endswith("gate"):
            parameter.fill_(1.0)
    before = drawn(coder)
    with each.beside(coder, two_texts()):
        first = drawn(coder)
    each.words.word.weight[1] += 1
    with each.beside(coder, two_texts()):
        second = drawn(coder)
    after = drawn(coder)
    assert torch.equal(before[1 - at], first[1 - at])
    assert not torch.equal(before[at], first[at])
    changed = (first[at] - second[at]).abs().unflatten(0, (-1, 2)).amax((0, 2, 3, 4))
    assert changed[0] > 0  # the picture that has the word
    assert changed[1] == 0
    assert torch.equal(before[0], after[0])  # nothing stays behind


@pytest.mark.parametrize("at", [0, 1])
def test_words_that_know_the_picture_are_learnt(at):
    torch.manual_seed(0)
    coder = Coder().eval().requires_grad_(False)
    coder.draw[-1].weight *= 50
    kind = (Synthesis, Entropy)[at]
    each, wanted = kind(2), torch.tensor([1.0, -1.0])[:, None, None, None]
    own, other = (
        tokens([(np.array([word]), np.array([0]), WHOLE) for word in order]) for order in ((0, 1), (1, 0))
    )
    levels, quality = torch.zeros(2, 64, 2, 3), torch.full((2,), 20.0)

    def error(given: object) -> torch.Tensor:
        with each.beside(coder, given):
            if at:
                return coder.expect(levels, quality)[0].sub(wanted).square().mean()
            return coder.synthesise(levels, quality).sub(wanted).square().mean()

    optimiser = torch.optim.Adam(each.parameters(), 1e-2)
    for _ in range(20):
        optimiser.zero_grad()
        error(own).backward()
        optimiser.step()
    assert error(own) < 0.8 * error(other)


def test_plain_weights_are_as_many():
    for kind in (Synthesis, Entropy):
        assert weights(plain(kind, 700)) == pytest.approx(weights(kind(700)), rel=0.02)


def test_places_are_covered_by_boxes():
    box = torch.tensor([[[0, 0, 0.5, 0.5], [0, 0.25, 1, 1]]])
    assert covered(box, 2, 2).tolist() == [[[1, 0.5], [0, 1], [0, 0.5], [0, 1]]]


def test_a_few_steps_are_trained_and_gone_on_from(tmp_path, monkeypatch):
    torch.manual_seed(0)
    monkeypatch.setattr(words, "PLACES", 12)
    torch.save({"mean": Coder().state_dict()}, tmp_path / "state.pt")
    canvases = np.random.default_rng(1).integers(0, 256, (4, 16, 24, 3), np.uint8)
    np.savez(tmp_path / "train.npz", **{"0_2_3": canvases})
    place = np.array([[0, 0, 0, 1, 1]] * 4, np.float32)
    pictures = [("a", "train", "photo", {"local": [texts.Word("sea", 0, texts.WHOLE)]})]
    packed = texts.collect(["sea"], pictures, {"0_2_3": place})
    texts.save(tmp_path / "texts.npz", packed)

    def run(steps: int) -> dict[str, object]:
        monkeypatch.setattr(
            "sys.argv",
            ["words", str(tmp_path), str(tmp_path), "-o", str(tmp_path / "out"), "--steps", str(steps)],
        )
        words.main()
        return torch.load(tmp_path / "out" / "words.pt", weights_only=True)

    assert run(1)["number"] == 1
    kept = run(2)
    assert kept["number"] == 2
    gates = [value for name, value in kept["added"].items() if name.endswith("gate")]
    assert len(gates) == 2 * (1 + 5) + 1
    assert all(gate.abs() > 0 for gate in gates)


def test_words_are_measured_at_the_same_levels(coder):
    from PIL import Image

    rng = np.random.default_rng(1)
    image = Image.fromarray(rng.integers(0, 256, (40, 60, 3), np.uint8))
    added = list(words.additions(5).values())
    with torch.no_grad():
        scores, bits, shown = words_measure.worth(coder, added, image, (0, 30.0), two_texts())
    assert scores == pytest.approx([scores[0]] * 4)  # alone, plain, and two texts: gates are shut
    assert bits == pytest.approx([bits[0]] * 4, rel=1e-5)
    assert shown == pytest.approx([scores[0]] * (3 + 1 + words_measure.SWAPS))
    assert words_measure.pixels(image, 0).abs().max() <= 128 / SCALE


def test_hints_are_words_of_cells():
    error = torch.ones(1, 3, 8, 8) / SCALE
    error[:, 0, :2, :2] = -127 / SCALE
    given = hints(error)
    assert given.word[0].tolist() == [0 * 36 + 3 * 6 + 3] + [3 * 43] * 15
    assert given.box[0, 0].tolist() == [0, 0, 0.25, 0.25]
    moved = words_measure.moved(given)
    assert moved.there.sum(1).tolist() == [0, 16, 16, 16]
    assert moved.word[2].tolist() != moved.word[1].tolist() == given.word[0].tolist()


def test_an_interval_holds_the_mean():
    low, high = words_measure.interval(np.arange(20.0))
    assert low < 9.5 < high
