"""Search by example and near-duplicates: against the scalar distance, on made looks, and on real pictures."""

import io

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from PIL import Image, ImageOps

from promptcodec.archive.indexing import looks
from promptcodec.archive.indexing.looks import CELLS, NOTHING, Look
from promptcodec.archive.searching import duplicates, similar
from promptcodec.description.palette import PALETTE
from promptcodec.layers import signature

SIGNATURES = st.binary(min_size=signature.SIGNATURE_BYTES, max_size=signature.SIGNATURE_BYTES)


def made_look(number: int, *, signed: bool = True) -> Look:
    rng = np.random.default_rng(number)
    own = rng.bytes(signature.SIGNATURE_BYTES)
    return Look(own if signed else None, rng.integers(0, len(PALETTE), CELLS, np.uint8).tobytes())


def bare(look: Look) -> Look:
    return Look(None, look.colours)


def scores(look: Look, *others: Look) -> list[float]:
    return similar.score(look, (looks.gather(others),)).tolist()


def touched(look: Look, bits: int, cells: int, seed: int = 0) -> Look:
    """The look of a picture that was changed a little: bits of its layout, colours of cells."""
    rng = np.random.default_rng(seed)
    assert look.signature is not None
    own = np.frombuffer(look.signature, np.uint8).copy()
    for bit in rng.choice(64, bits, replace=False):
        own[signature.COLOUR_BYTES + bit // 8] ^= 128 >> bit % 8
    colours = np.frombuffer(look.colours, np.uint8).copy()
    colours[rng.choice(CELLS, cells, replace=False)] = rng.integers(0, len(PALETTE), cells)
    return Look(own.tobytes(), colours.tobytes())


@given(SIGNATURES, st.lists(SIGNATURES, min_size=1, max_size=6))
def test_many_signatures_are_compared_as_two_are(first, others):
    columns = looks.gather([Look(other, NOTHING.colours) for other in others]).signatures
    one_by_one = [signature.distance(first, other) for other in others]
    np.testing.assert_allclose(signature.distances(first, columns), one_by_one, atol=2e-6)
    repeated = np.repeat(np.frombuffer(first, np.uint8)[:, None], len(others), axis=1)
    np.testing.assert_allclose(signature.pair_distances(repeated, columns), one_by_one, atol=2e-6)


def test_a_picture_is_most_like_itself_and_its_mirror_image(astronaut):
    look, mirrored = looks.look_of(astronaut), looks.look_of(ImageOps.mirror(astronaut))
    for own, others in ((look, [look, mirrored]), (bare(look), [bare(look), bare(mirrored)])):
        first, second, third = scores(own, *others, made_look(1))
        assert first >= second > 0.8 > third
    assert scores(look, look) == [1]


def test_without_signatures_colours_are_compared():
    look = made_look(1)
    assert scores(look, bare(look)) == pytest.approx([similar.MOST])
    assert scores(bare(look), look) == pytest.approx([similar.MOST])
    assert scores(look, look, bare(look), NOTHING) == pytest.approx([1, similar.MOST, 0])


@given(st.lists(st.integers(0, 50), min_size=1, max_size=8), st.booleans(), st.booleans())
def test_a_score_is_of_the_picture_alone(numbers, first_signed, second_signed):
    look = made_look(99, signed=first_signed)
    others = [made_look(number, signed=second_signed or number % 2 == 0) for number in numbers]
    together = scores(look, *others)
    assert together == pytest.approx([scores(look, other)[0] for other in others])
    assert all(0 <= value <= 1 for value in together)


def test_no_documents_are_like_nothing_and_no_duplicates():
    assert similar.score(NOTHING, ()).shape == (0,)
    assert duplicates.near(()) == ()
    assert duplicates.near((looks.gather([NOTHING] * 5),)) == ()
    assert duplicates.near((looks.gather([made_look(1)]),)) == ()


@pytest.mark.parametrize("signed", [True, False])
def test_planted_duplicates_are_grouped_and_nothing_else(signed):
    some = [made_look(number) for number in range(3000)]
    some += [touched(some[number], 3, 4, number) for number in range(40)]
    some += [touched(some[number], 2, 3, 100 + number) for number in range(20)]
    if not signed:
        some = [bare(look) for look in some]
    chunks = tuple(looks.gather(some[start : start + 1000]) for start in range(0, len(some), 1000))
    groups = duplicates.near(chunks)
    expected = [(number, 3000 + number, 3040 + number) for number in range(20)]
    expected += [(number, 3000 + number) for number in range(20, 40)]
    assert len(set(groups) & set(expected)) >= 39
    assert not {pair for group in groups for pair in group} - {pair for group in expected for pair in group}


def test_looks_with_and_without_signatures_are_not_mixed_up():
    some = [made_look(number) for number in range(8)]
    chunk = looks.gather([some[0], bare(some[1]), NOTHING, some[2], some[0], bare(some[1]), bare(some[2])])
    assert duplicates.near((chunk,)) == ((0, 4), (1, 5))


def test_a_series_that_changes_step_by_step_is_not_one_group():
    steps = [made_look(5)]
    for seed in range(12):
        steps.append(touched(steps[-1], 5, 0, seed))
    groups = duplicates.near((looks.gather(steps),))
    assert len(groups) > 1
    for group in groups:
        like = [min(scores(steps[one], *(steps[other] for other in group))) for one in group]
        assert max(like) > duplicates.LEAST


def test_many_copies_of_plain_pictures_take_bounded_work():
    plain = Look(bytes(27), bytes([3]) * CELLS)
    almost = [touched(plain, 1, 0, seed) for seed in range(20)]
    chunk = looks.gather([plain] * 3000 + [bare(plain)] * 3000 + almost)
    # Without a signature, plain maps tell nothing.
    assert duplicates.near((chunk,)) == ((*range(3000), *range(6000, 6020)),)


def jpeg(image: Image.Image, quality: int) -> Image.Image:
    file = io.BytesIO()
    image.save(file, "JPEG", quality=quality)
    return Image.open(io.BytesIO(file.getvalue())).convert("RGB")


def test_changed_pictures_are_recognised_among_real_ones(data_folder):
    paths = sorted((data_folder / "train").glob("*.webp"))[::60]
    images = [Image.open(path).convert("RGB") for path in paths]
    own = [looks.look_of(image) for image in images]
    changes = (
        lambda image: jpeg(image, 30),
        lambda image: image.resize((image.width // 2, image.height // 2)),
        lambda image: image.crop([round(side * part) for part in (0.1, 0.9) for side in image.size]),
        ImageOps.mirror,
    )
    stored, colours_only = (looks.gather(some) for some in (own, [bare(look) for look in own]))
    for change in changes:
        for number, image in enumerate(images[:12]):
            look = looks.look_of(change(image))
            assert similar.score(look, (stored,)).argmax() == number
            assert number in similar.score(bare(look), (colours_only,)).argsort()[-3:]
    copies = [looks.look_of(change(image)) for image in images[:12] for change in changes[:2]]
    groups = duplicates.near((looks.gather([*own, *copies]),))
    assert groups == tuple((number, len(own) + 2 * number, len(own) + 2 * number + 1) for number in range(12))
