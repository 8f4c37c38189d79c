"""One table: layers, seeds, sizes, strength, candidates, checks and cancelling mean the same everywhere."""

from __future__ import annotations

import contextlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from promptcodec import decode, decoding, edit, encode
from promptcodec.cli import INTERRUPTED, steps
from promptcodec.description import parse_text
from promptcodec.errors import CancelledError
from promptcodec.generators.diffusion import pipelines
from promptcodec.generators.watching import Watch
from tests import diffusion_models, dots

STAGES = {"waiting", "loading", "drawing", "fetching"}
SIZE, OTHER = (48, 32), (61, 45)
"""No multiple of anything; and another shape."""


@dataclass(frozen=True)
class Row:
    """A generator, and what is documented of it.

    Attributes:
        name: of the row.
        running: starts what it needs and gives the spec; a folder and a monkeypatch of the module are given.
        seeded: the seed is what its noise comes from; else its pictures say ``seed_used: no``.
        strong: it knows the difference that the strength makes.
        exact: the same conditions give the same bytes; else levels up to 1 apart.
    """

    name: str
    running: Callable[[Path, pytest.MonkeyPatch], contextlib.AbstractContextManager[str]]
    seeded: bool = True
    strong: bool = True
    exact: bool = True


def always(spec: str):
    @contextlib.contextmanager
    def running(_folder: Path, _patch: pytest.MonkeyPatch) -> Iterator[str]:
        yield spec

    return running


@contextlib.contextmanager
def plugin(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    dots.install(folder, patch)
    yield "dots:2"


@contextlib.contextmanager
def images(_folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    hosted = pytest.importorskip("tests.hosted", reason="needs the extras api and server")
    from promptcodec.testing.loopback import answer, image_requests, serve

    patch.setattr(answer, "_LONGEST_DRAWN", 48)
    for rules in (image_requests.GENERATE, image_requests.EDIT):  # real sizes take their time
        patch.setitem(rules, "size", lambda *_: None)
    with serve() as url:
        yield hosted.painter(url, sizes="96x64,64x48")


@contextlib.contextmanager
def sdapi(_folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    shared = pytest.importorskip("tests.sdapi", reason="needs the extras api and server")
    from promptcodec.generators.sdapi import exchange
    from promptcodec.testing.sdapi import serve

    patch.setattr(exchange, "PAUSE", 0.02)
    with serve("a1111") as (url, _service):
        yield shared.spec("a1111", url)


@contextlib.contextmanager
def comfyui(_folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    for needed in ("httpx", "starlette", "uvicorn"):
        pytest.importorskip(needed, reason=f"needs the extras api and server: no {needed}")
    jobs = pytest.importorskip("promptcodec.generators.comfyui.jobs")
    from promptcodec.testing.comfyui import serve

    patch.setattr(jobs, "FIRST_PAUSE", 0.01)
    patch.setattr(jobs, "PAUSE", 0.02)
    with serve() as url:
        yield f"comfyui:{url}?area=64x64"


@contextlib.contextmanager
def diffusers(folder: Path, patch: pytest.MonkeyPatch) -> Iterator[str]:
    """A pipeline of the real classes with a few random weights."""
    diffusion_models.need()
    patch.setenv("HF_HUB_CACHE", str(folder / "hub"))
    diffusion_models.install(folder / "hub", "sdxl")
    (folder / "config.toml").write_text(
        '[generators.small]\nuse = "diffusers"\nvariant = "sdxl"\narea = "4096"\nsteps = "4"\n'
    )
    yield "small"
    pipelines.forget()


SLOW = (pytest.mark.slow, pytest.mark.filterwarnings("ignore"))
ROWS = [
    pytest.param(row, id=row.name, marks=SLOW if row.name == "diffusers" else ())
    for row in (
        Row("builtin", always("builtin")),
        Row("classical", always("builtin:classical"), strong=False),
        Row("plugin", plugin),
        Row("images", images, seeded=False, strong=False),
        Row("sdapi", sdapi),
        Row("comfyui", comfyui),
        Row("diffusers", diffusers, exact=False),
    )
]


@pytest.fixture(scope="module", params=ROWS)
def row(request, tmp_path_factory):
    """Give a row and its spec; what hosted models answer is kept for all tests of the row."""
    folder = tmp_path_factory.mktemp("alike")
    (folder / "config.toml").touch()
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("PROMPTCODEC_CACHE", str(folder / "cache"))
        patch.setenv("PROMPTCODEC_CONFIG", str(folder / "config.toml"))
        with request.param.running(folder, patch) as spec:
            yield request.param, spec


@pytest.fixture(autouse=True)
def judged(monkeypatch):
    """Judge pictures by a check that takes no time."""
    monkeypatch.setattr(decoding, "installed_checks", lambda: [dots.Lightness()])


@pytest.fixture(scope="module")
def stream(once):
    picture = Image.new("RGB", SIZE, "teal")
    picture.paste("white", (10, 0, 16, 32))
    words = parse_text("photo 1x2\nsummary: A red barn by a lake.\nr1c1 red, rough: barn\nr1c2 navy: lake")
    layers = ("semantic", "texture", "structure")
    return once(encode, picture, description=words, layers=layers, budget=200, seed=5, effort=1)


@pytest.fixture
def draw(row, stream):
    def drawn(data=None, **options):
        return decode(data or stream, generator=row[1], **options)

    return drawn


def apart(row, one, other):
    """Say whether two pictures differ."""
    levels = np.abs(np.asarray(one.image, int) - np.asarray(other.image, int)).max()
    return bool(levels > (0 if row[0].exact else 1))


def test_a_seed_is_one_picture(row, draw):
    first = draw()
    assert first.report.seed == 5  # the stream's own
    assert not apart(row, first, draw(seed=5))
    other = draw(seed=6)
    assert other.report.seed == 6
    if row[0].seeded:
        assert apart(row, first, other)
        assert "seed_used" not in first.report.provenance
    else:
        assert first.report.provenance["seed_used"] == "no"


def test_the_size_is_the_streams_or_the_one_asked_for(draw):
    assert (draw().image.size, draw().image.mode) == (SIZE, "RGB")
    assert draw(size=OTHER).image.size == OTHER


def test_a_layer_that_is_left_out_is_one_that_is_not_there(row, draw, stream):
    drawn = {}
    for layers in (("semantic",), ("semantic", "texture")):
        drawn[layers] = draw(layers=layers)
        assert drawn[layers].report.layers == layers
        assert not apart(row, drawn[layers], draw(edit.truncate(stream, layers=layers), seed=5))
    assert apart(row, *drawn.values())


def test_strength_changes_a_picture_or_nothing(row, draw):
    faithful, middle, vivid = (draw(strength=strength) for strength in (0, 0.5, 1))
    assert not apart(row, middle, draw())
    assert apart(row, faithful, vivid) == row[0].strong


def test_a_check_leaves_the_picture_as_it_is(row, draw):
    checked = draw(check=True)
    assert not apart(row, checked, draw())
    assert checked.report.check.verdict in {"pass", "fail"}
    assert [each.seed for each in checked.report.candidates] == [5]
    assert draw().report.check is None


def test_the_best_of_several_has_consecutive_seeds(row, draw):
    reports = []
    best = draw(best_of=3, watch=Watch(reports.append))
    candidates = best.report.candidates
    assert [each.seed for each in candidates] == [5, 6, 7]
    scores = [each.score for each in candidates]
    assert best.report.seed == 5 + scores.index(max(scores))
    assert best.report.check.score == max(scores)
    assert not apart(row, best, draw(seed=best.report.seed))
    assert {each.candidates for each in reports} == {3}


def test_reports_are_of_known_stages_and_in_order(row, draw):
    reports = []
    draw(watch=Watch(reports.append, previews=True))
    assert {each.stage for each in reports} <= STAGES
    assert reports
    done = [each.done for each in reports if each.stage == "drawing"]
    assert done == sorted(done)
    assert all(0 <= each.done <= each.total for each in reports if each.total)
    for preview in filter(None, (each.preview for each in reports)):
        assert preview.mode == "RGB"
        assert abs(preview.width / preview.height - SIZE[0] / SIZE[1]) < 0.4


@pytest.mark.parametrize("last", [1, 2])
def test_who_watches_ends_the_picture(draw, last):
    reports = []

    def stop(progress):
        reports.append(progress)
        if len(reports) == last:
            raise CancelledError("enough")

    with pytest.raises(CancelledError, match="enough"):
        draw(best_of=2, watch=Watch(stop))
    assert len(reports) == last
    assert draw().image.size == SIZE  # the next one is drawn


def test_an_interrupt_leaves_nothing(row, cli, tmp_path, stream, monkeypatch):
    @contextlib.contextmanager
    def interrupted(*_, **__):
        def stop(progress):
            raise KeyboardInterrupt

        yield Watch(stop)

    monkeypatch.setattr(steps, "watched", interrupted)
    (tmp_path / "a.pxt").write_bytes(stream)
    code, _, err = cli("decode", "a.pxt", "-o", "a.png", "--generator", row[1])
    assert (code, "interrupted" in err) == (INTERRUPTED, True)
    assert [path.name for path in tmp_path.iterdir()] == ["a.pxt"]
