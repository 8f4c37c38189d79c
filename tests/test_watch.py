"""Progress, candidates, batches, notices and cancelling, as the library gives them for every generator."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image, PngImagePlugin

from promptcodec import decode, decoding, encode
from promptcodec.decoding import DecodeSettings, decode_all
from promptcodec.description import parse_text
from promptcodec.errors import BitstreamError, CancelledError, GeneratorError, UsageError
from promptcodec.generators import learned, maps
from promptcodec.generators.watching import Watch
from tests import dots


@pytest.fixture(autouse=True)
def plugin(tmp_path, monkeypatch):
    dots.install(tmp_path, monkeypatch)
    monkeypatch.setattr(decoding, "installed_checks", lambda: [dots.Lightness()])


def stream(number=0, size=(48, 32), summary="", layers=("semantic",), cells=1):
    rows = "\n".join(f"r{row}c1 red" for row in range(1, cells + 1))
    described = parse_text(f"photo {cells}x1\n" + (f"summary: {summary}\n" if summary else "") + rows)
    picture = Image.new("RGB", size, (90, number, 30))
    return encode(picture, description=described, layers=layers, seed=100 * number)


def reported(call):
    """Give the reports of a call beside its result."""
    reports = []
    return call(Watch(reports.append)), reports


def places(reports):
    return [(report.stage, report.done, report.total) for report in reports]


def test_the_built_in_generator_says_when_it_begins_and_ends(scene, once):
    words, texture = stream(), once(encode, scene, layers=("texture",), budget=60)
    for data, generator in ((words, "builtin"), (words, "builtin:classical"), (texture, "builtin")):
        drawn, reports = reported(lambda watch, d=data, g=generator: decode(d, generator=g, watch=watch))
        assert places(reports) == [("drawing", 0, 1), ("drawing", 1, 1)]
        assert drawn.image.tobytes() == decode(data, generator=generator).image.tobytes()


def test_the_built_in_network_reports_each_tile():
    decoder = learned.Decoder(
        lambda given, _: np.zeros((3, *(maps.FACTOR * side for side in given.shape[1:])), np.float32), 2
    )
    reports = []
    learned.run(
        decoder, np.zeros((1, 24, 40), np.float32), np.zeros(1, np.float32), 20, Watch(reports.append)
    )
    assert places(reports) == [("drawing", done, 6) for done in range(7)]


def test_reports_say_which_candidate_they_are_about():
    drawn, reports = reported(lambda watch: decode(stream(3), generator="dots:one", best_of=3, watch=watch))
    assert dots.BATCHES == [1, 1, 1]
    assert sorted({(each.candidate, each.candidates) for each in reports}) == [(1, 3), (2, 3), (3, 3)]
    report = drawn.report
    assert [each.seed for each in report.candidates] == [300, 301, 302]
    assert report.check.score == max(each.score for each in report.candidates)
    assert report.seconds > 0


def test_pictures_drawn_again_are_counted_at_their_most():
    drawn, reports = reported(lambda watch: decode(stream(), generator="dots:4", retries=2, watch=watch))
    assert {each.verdict for each in drawn.report.candidates} == {"fail"}
    assert dots.BATCHES == [1, 1, 1]
    assert sorted({(each.candidate, each.candidates) for each in reports}) == [(1, 1), (2, 3), (3, 3)]


@pytest.mark.parametrize(("best_of", "batches"), [(5, [2, 2, 1]), (2, [2]), (1, [1])])
def test_candidates_are_drawn_at_once_and_are_the_same_pictures(best_of, batches):
    at_once = decode(stream(1), generator="dots:2", best_of=best_of)
    assert batches == dots.BATCHES
    alone = decode(stream(1), generator="dots:one", best_of=best_of)
    assert at_once.image.tobytes() == alone.image.tobytes()
    assert at_once.report.candidates == alone.report.candidates
    assert len(alone.report.candidates) == (best_of if best_of > 1 else 0)


def test_what_a_generator_could_not_use_is_a_warning_once():
    drawn = decode(stream(), generator="dots:one", best_of=2, strength=1)
    assert [notice.text for notice in drawn.report.warnings] == ["dots are never vivid"]
    assert decode(stream(), generator="dots:one").report.warnings == ()


def test_a_recipe_that_nobody_runs_is_noticed(tmp_path, scene):
    info = PngImagePlugin.PngInfo()
    info.add_text("parameters", "a pier\nSteps: 20, Sampler: Euler a, CFG scale: 7, Seed: 9, Size: 64x64")
    scene.save(tmp_path / "a.png", pnginfo=info)
    data = encode(tmp_path / "a.png", layers=["texture", "recipe"], budget=300)
    words = "builtin:classical runs no recipes: the picture is drawn from what the stream shows"
    for trust in (True, False):
        drawn = decode(data, generator="builtin:classical", size=(48, 32), trust_recipe=trust)
        assert (words in map(str, drawn.report.warnings)) == trust


@pytest.mark.parametrize("generator", ["dots:one", "dots:2"])
@pytest.mark.parametrize("last", [1, 30])
def test_who_watches_ends_all_of_it(generator, last):
    reports = []

    def stop(progress):
        reports.append(progress)
        if len(reports) == last:
            raise CancelledError("enough")

    with pytest.raises(CancelledError, match="enough"):
        decode(stream(), generator=generator, best_of=4, watch=Watch(stop))
    assert len(reports) == last  # a picture that is there already is not taken for the answer
    reports.clear()
    streams = [stream(number) for number in range(4)]
    with pytest.raises(CancelledError):
        list(decode_all(streams, DecodeSettings(generator), watch=Watch(stop)))
    assert len(reports) == last


def test_previews_are_shown_of_pictures_drawn_alone():
    def previews(generator, **options):
        reports = []
        decode(stream(), generator=generator, watch=Watch(reports.append, previews=True), **options)
        return [report.preview for report in reports if report.preview is not None]

    assert {each.size for each in previews("dots:4")} == {(48, 32)}
    assert len(previews("dots:4")) == dots.STEPS - 1
    assert previews("dots:4", best_of=4) == []
    assert len(previews("dots:one", best_of=4)) == 4 * (dots.STEPS - 1)


def test_streams_of_one_size_and_layers_are_drawn_at_once():
    streams = [stream(number, (48, 32) if number % 3 else (32, 48)) for number in range(9)]
    results = dict(decode_all(iter(streams), DecodeSettings("dots:4")))
    assert sorted(dots.BATCHES) == [2, 3, 4]
    for number, data in enumerate(streams):
        alone = decode(data, generator="dots:one")
        assert results[number].image.tobytes() == alone.image.tobytes()
        assert results[number].report.seed == alone.report.seed
    given = [stream(), stream(layers=("semantic", "texture")), stream(layers=("texture",))]
    dots.BATCHES.clear()
    assert len(list(decode_all(given, DecodeSettings("dots:4")))) == 3
    assert dots.BATCHES == [1, 1, 1]


def test_candidates_of_several_streams_are_drawn_at_once():
    streams = [stream(number) for number in range(4)]
    results = dict(decode_all(streams, DecodeSettings("dots:4", best_of=2, retries=1)))
    assert dots.BATCHES == [4, 2, 4, 2]  # two streams of two each, then the third of each
    for number, data in enumerate(streams):
        alone = decode(data, generator="dots:one", best_of=2, retries=1)
        assert results[number].image.tobytes() == alone.image.tobytes()
        assert results[number].report.candidates == alone.report.candidates


def test_streams_are_taken_as_they_are_needed():
    taken = []

    def each():
        for number in range(40):
            taken.append(number)
            yield stream(0, (32 + 16 * (number % 20), 32))  # two of each size

    results = decode_all(each(), DecodeSettings("dots:2"))
    next(results)
    assert len(taken) <= 9
    assert len(list(results)) == 39


@pytest.mark.parametrize("generator", ["dots:one", "dots:4"])
def test_what_fails_is_one_streams_alone(generator):
    streams = [stream(1), b"PXT?", stream(2, summary=dots.BAD), stream(3), stream(4, summary=dots.ALONE)]
    results = dict(decode_all(streams, DecodeSettings(generator)))
    assert len(results) == 5
    assert isinstance(results[1], BitstreamError)
    assert isinstance(results[2], GeneratorError)
    for number in (0, 3, 4):
        assert (
            results[number].image.tobytes() == decode(streams[number], generator="dots:one").image.tobytes()
        )


def test_a_generator_that_draws_too_few_is_asked_for_each_alone(monkeypatch):
    monkeypatch.setattr(dots.ManyDots, "generate_all", lambda self, conditions, watch: [])
    assert len(list(decode_all([stream(), stream(1)], DecodeSettings("dots:2")))) == 2
    assert dots.BATCHES == [1, 1]


def test_settings_that_cannot_be_are_refused_at_once():
    for settings in (DecodeSettings("dots:none"), DecodeSettings(best_of=0), DecodeSettings(strength=2)):
        with pytest.raises(UsageError):
            next(decode_all([stream()], settings))
