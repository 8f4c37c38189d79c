"""Pictures that ``decode --progressive`` writes beside the one asked for: after each layer, interim ones."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from promptcodec.cli import bar, batch, report
from promptcodec.errors import Notice, PromptcodecError, UsageError
from promptcodec.files import check_apart, check_free, same_place
from promptcodec.layers.registry import BY_NAME, LAYERS

if TYPE_CHECKING:
    from PIL import Image

    from promptcodec.decoding import Decoded, DecodeReport
    from promptcodec.generators.watching import Progress, Watch

MOST = 9
"""Previews of a picture that are kept."""
Place = tuple[str, str]
"""Folder and name."""


@dataclass(slots=True)
class Previews:
    """Interim pictures of a stream: of those that came the latest, and others evenly spread before it.

    Where several candidates are drawn each keeps its share of MOST, since nobody knows which is taken.
    """

    _kept: dict[int, list[Image.Image]] = field(default_factory=dict)
    _numbers: dict[int, int] = field(default_factory=dict)
    _steps: dict[int, int] = field(default_factory=dict)

    def take(self, progress: Progress) -> None:
        """Keep the preview of a report, where it has one and its turn has come."""
        if progress.preview is None:
            return
        candidate = progress.candidate
        number = self._numbers[candidate] = self._numbers.get(candidate, 0) + 1
        step = self._steps.setdefault(candidate, 1)
        if number % step:
            return
        kept = self._kept.setdefault(candidate, [])
        kept.append(progress.preview)
        if len(kept) > max(MOST // progress.candidates, 1):
            del kept[::2]
            self._steps[candidate] = 2 * step

    def of(self, candidate: int) -> Sequence[Image.Image]:
        """Give those of a candidate, from 1, in order."""
        return self._kept.get(candidate, ())


@contextmanager
def watched(file: str, previews: Previews | None, *, shown: bool) -> Iterator[Watch]:
    """Give who watches a picture: a line on the terminal where it is ``shown``, previews that are kept."""
    from promptcodec.generators.watching import Watch  # noqa: PLC0415 - workers and --help start light

    with bar.of_picture(file, shown=shown) as show:

        def see(progress: Progress) -> None:
            show(progress)
            if previews is not None:
                previews.take(progress)

        yield Watch(see, previews=previews is not None)


def write_previews(place: Place, previews: Previews, about: DecodeReport, *, overwrite: bool) -> list[str]:
    """Write the previews of the candidate that was taken; give the files."""
    from promptcodec import provenance  # noqa: PLC0415

    seeds = [candidate.seed for candidate in about.candidates]
    taken = seeds.index(about.seed) + 1 if seeds else 1
    paths: list[str] = []
    for preview in previews.of(taken):
        path = preview_path(place, len(paths) + 1)
        batch.write_output(
            path, provenance.save(preview, path, provenance.record(about)), overwrite=overwrite
        )
        paths.append(path)
    return paths


def write_layers(
    file: str,
    place: Place,
    data: bytes,
    decoded: Decoded,
    settings: dict[str, Any],
    *,
    overwrite: bool,
    shown: bool,
) -> list[str]:
    """Write a picture after each layer that is drawn, coarse to fine; give the files.

    Where one cannot be had, it is the last. The picture of all layers is there already, and not drawn again.
    What the others cost is added to what ``decoded`` reports.
    """
    from promptcodec import decoding, provenance  # noqa: PLC0415

    layers = decoded.report.layers
    paths: list[str] = []
    for index, layer in enumerate(layers):
        if not BY_NAME[layer].drawn:
            continue
        drawn = decoded
        try:
            if layers[index + 1 :]:
                with watched(file, None, shown=shown) as watch:
                    given = {**settings, "layers": layers[: index + 1]}
                    drawn = decoding.decode(data, **given, watch=watch)
                decoded.report.spent.add(drawn.report.spent)
        except PromptcodecError as error:
            why = f"no picture of {', '.join(layers[: index + 1])} alone could be drawn: {error}"
            report.warn_of(file, [Notice(why, error.hint)])
            break
        path = layer_path(place, len(paths) + 1, layer)
        picture = provenance.save(drawn.image, path, provenance.record(drawn.report))
        batch.write_output(path, picture, overwrite=overwrite)
        paths.append(path)
    return paths


def layer_path(place: Place, number: int, layer: str) -> str:
    """Name the picture after the layer that is drawn as this one, from 1."""
    return f"{place[0]}/{place[1]}.{number}-{layer}.png"


def preview_path(place: Place, number: int) -> str:
    """Name an interim picture, from 1."""
    return f"{place[0]}/{place[1]}.preview-{number}.png"


def check(place: Place, out: str, read: Sequence[str | None], *, overwrite: bool) -> None:
    """Raise where any of these pictures is there already, could be the result, or is read."""
    names = [layer.name for layer in LAYERS if layer.drawn]
    paths = [layer_path(place, number, name) for number in range(1, len(names) + 1) for name in names]
    paths += [preview_path(place, number) for number in range(1, MOST + 1)]
    check_apart(paths, read)
    if any(same_place(out, path) for path in paths):
        raise UsageError(f"--progressive would write {out} too; choose another output")
    for path in paths:
        check_free(path, overwrite=overwrite)
