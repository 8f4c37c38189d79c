"""Train the decoder; goes on where it stopped.

    python -m training.generator.train --data DIR --config small --minutes 22 [--threads 2]
    python -m training.generator.train --data DIR --config base --minutes 22 --device cuda --workers 12

Every loss gives a gradient at the decoder's output; each is scaled by its mean length so far, or by its own
where that is more, then weighted as WEIGHTS says for the strength that the example was drawn with. The
schedule follows the minutes trained, stops included; batch n is the same in any run. The log has one JSON
object a line.
"""

from __future__ import annotations

import argparse
import copy
import io
import json
import math
import time
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from torch.nn import functional

from promptcodec import models
from promptcodec.generators import maps
from training.generator import BUILD, flat, graph
from training.generator.data import Batch, Batches, read
from training.generator.features import LITE0_WIDTHS, Lite0, Taesd, distance, freeze
from training.generator.network import CONFIGS, Config, Decoder, FeatureJudge, PixelJudge, enlarged
from training.texts import DATA

# What each gradient's length is in the sum, at strength 0 and at strength 1; in between it goes evenly, that
# of the judges with the strength's square: half the strength is to stay close to the picture.
WEIGHTS = {
    "pixels": (1.0, 0.5),
    "flat": (0.3, 0.6),
    "lite0": (0.5, 1.5),
    "taesd": (0.3, 1.0),
    "pixel_judge": (0.0, 1.2),
    "feature_judge": (0.0, 0.25),
}
JUDGES = ("pixel_judge", "feature_judge")
MEANS = 8
SEED = 9
# Of the training: learning rate rises, judges start, learning rate falls.
WARM, JUDGED, FALLING = 0.01, 0.15, 0.5
DECAY, NORM_DECAY = 0.999, 0.98
JUDGE_RATE = 4e-4
# The slowest looks at every other batch only, and at a quarter of the crop.
TAESD_EVERY = 2
# Share of the batches that Lite0 sees whole. Of the others a quarter, enlarged: its first layer is coarse.
FAR = 0.5
# Pixels after which the places of Lite0, and of the pixel judge, come again. What they see starts at any of
# these: else every batch's gradient is largest at the same pixels, and a lattice of them learns to stand out.
LITE0_PLACE, JUDGE_PLACE = 16, 8
LOG_EVERY, SAVE_MINUTES = 50, 3.0
PART = 15 * 2**20


class Trainer:
    """Everything a run consists of."""

    def __init__(self, config: Config, data: Path, device: str) -> None:
        torch.manual_seed(SEED)
        self.config, self.device = config, torch.device(device)
        self.decoder = Decoder(config).to(self.device, memory_format=torch.channels_last)
        self.shown = copy.deepcopy(self.decoder).requires_grad_(requires_grad=False)
        layout = torch.channels_last
        self.pixel_judge = PixelJudge().to(self.device, memory_format=layout)
        self.feature_judge = FeatureJudge(LITE0_WIDTHS).to(self.device, memory_format=layout)
        self.lite0 = freeze(Lite0()).to(self.device, memory_format=layout)
        self.taesd = freeze(Taesd(data)).to(self.device, memory_format=layout)
        self.draws = torch.optim.AdamW(self.decoder.parameters(), config.rate, (0.9, 0.99), weight_decay=1e-4)
        judges = [*self.pixel_judge.parameters(), *self.feature_judge.parameters()]
        self.judges = torch.optim.Adam(judges, JUDGE_RATE, (0.5, 0.99))
        self.norms: dict[str, float] = {}
        self.iteration, self.minutes = 0, 0.0

    def state(self) -> dict[str, object]:
        """Give what a run needs to go on."""
        modules = ("decoder", "shown", "pixel_judge", "feature_judge", "draws", "judges")
        state = {name: getattr(self, name).state_dict() for name in modules}
        return {**state, "norms": self.norms, "iteration": self.iteration, "minutes": self.minutes}

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a state."""
        for name, value in state.items():
            part = getattr(self, name)
            if hasattr(part, "load_state_dict"):
                part.load_state_dict(value)
            else:
                setattr(self, name, value)

    def half(self) -> torch.autocast:
        """Give the context of arithmetic in bfloat16."""
        return torch.autocast(self.device.type, torch.bfloat16)

    def step(self, batch: Batch, done: float) -> dict[str, float]:
        """Train on one batch; ``done`` 0..1 is how far the training is."""
        given, vector, wanted, strength = (
            each.to(self.device, non_blocking=True)
            for each in (batch.given, batch.vector, batch.wanted, batch.strength)
        )
        given, wanted = (each.contiguous(memory_format=torch.channels_last) for each in (given, wanted))
        for group in self.draws.param_groups:
            group["lr"] = self.config.rate * _rate(done)
        judged = done >= JUDGED
        with self.half():
            drawn = self.decoder(given, vector)
            shown = drawn.detach().float().requires_grad_()
            near = self._window()
            features = self.lite0(near(shown))
            with torch.no_grad():
                target = self.lite0(near(wanted))
        below = self._aside(enlarged(given[:, :3], maps.FACTOR))
        losses = self._losses(shown, wanted, features, target, below if judged else None)
        gradient = torch.zeros_like(shown)
        for name, loss in losses.items():
            slope = torch.autograd.grad(loss.sum(), shown, retain_graph=True)[0]
            length = float(slope.flatten(1).norm(dim=1).mean())
            mean = NORM_DECAY * self.norms.get(name, length) + (1 - NORM_DECAY) * length
            self.norms[name] = mean
            share = strength**2 if name in JUDGES else strength
            weight = torch.lerp(*torch.tensor(WEIGHTS[name], device=self.device), share)
            gradient += slope * (weight / max(mean, length, 1e-12))[:, None, None, None]
        self.draws.zero_grad(set_to_none=True)
        drawn.backward((gradient / len(strength)).to(drawn.dtype))
        torch.nn.utils.clip_grad_norm_(self.decoder.parameters(), 2.0)
        self.draws.step()
        with torch.no_grad():
            decay = min(DECAY, (1 + self.iteration) / (10 + self.iteration))
            for mean, now in zip(self.shown.parameters(), self.decoder.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
        report = {name: float(loss.detach().mean()) for name, loss in losses.items()}
        if judged:
            report["judges"] = self._teach(shown.detach(), wanted, features, target, below, strength)
        self.iteration += 1
        return report

    def _window(self) -> Callable[[torch.Tensor], torch.Tensor]:
        """Give what Lite0 sees of a picture this time: nearly all of it, or a quarter of it enlarged."""
        if np.random.default_rng((SEED, 2, self.iteration)).random() < FAR:
            return self._part(3, self.config.crop - LITE0_PLACE)
        part = self._part(3, self.config.crop // 2)
        return lambda picture: enlarged(part(picture), 2)

    def _part(self, number: int, side: int) -> Callable[[torch.Tensor], torch.Tensor]:
        """Give what cuts a square out of a picture, another place each iteration; ``number``: whose."""
        rng = np.random.default_rng((SEED, number, self.iteration))
        y, x = rng.integers(0, self.config.crop - side + 1, 2).tolist()
        return lambda picture: picture[..., y : y + side, x : x + side]

    def _aside(self, picture: torch.Tensor) -> torch.Tensor:
        """Give what the pixel judge sees of a picture this time."""
        return self._part(4, self.config.crop - JUDGE_PLACE)(picture)

    def _losses(
        self,
        shown: torch.Tensor,
        wanted: torch.Tensor,
        features: list[torch.Tensor],
        target: list[torch.Tensor],
        below: torch.Tensor | None,
    ) -> dict[str, torch.Tensor]:
        """Give each loss, ``(n,)``; those of the judges only where there is what is below."""
        apart = shown - wanted
        means = functional.avg_pool2d(apart, MEANS)
        losses = {"pixels": apart.abs().mean((1, 2, 3)) + means.abs().mean((1, 2, 3))}
        losses["flat"] = flat.error(shown, wanted)
        losses["lite0"] = distance(features, target)
        with self.half():
            if self.iteration % TAESD_EVERY == 0:
                part = self._part(5, self.config.crop // 2)
                seen = self.taesd(part(shown))
                with torch.no_grad():
                    truth = self.taesd(part(wanted))
                losses["taesd"] = distance(seen, truth)
            if below is not None:
                losses["pixel_judge"] = -self.pixel_judge(self._aside(shown), below).float().mean((1, 2, 3))
                scores = self.feature_judge(features)
                losses["feature_judge"] = -sum(score.float().mean((1, 2, 3)) for score in scores)
        return losses

    def _teach(
        self,
        shown: torch.Tensor,
        wanted: torch.Tensor,
        features: list[torch.Tensor],
        target: list[torch.Tensor],
        below: torch.Tensor,
        strength: torch.Tensor,
    ) -> float:
        """Train the judges; pictures that were not asked to be vivid count as little as they are."""
        self.judges.zero_grad(set_to_none=True)
        with self.half():
            false = [
                self.pixel_judge(self._aside(shown), below),
                *self.feature_judge([each.detach() for each in features]),
            ]
            true = [self.pixel_judge(self._aside(wanted), below), *self.feature_judge(target)]
        loss = torch.zeros((), device=self.device)
        for one, other in zip(false, true, strict=True):
            hinges = functional.relu(1 + one.float()), functional.relu(1 - other.float())
            loss = loss + sum((each.mean((1, 2, 3)) * strength).mean() for each in hinges)
        loss.backward()
        self.judges.step()
        return float(loss.detach()) / len(false)


def _rate(done: float) -> float:
    if done < WARM:
        return max(done / WARM, 0.05)
    if done < FALLING:
        return 1.0
    return 0.02 + 0.98 * (1 + math.cos(math.pi * min(1.0, (done - FALLING) / (1 - FALLING)))) / 2


def save(folder: Path, name: str, state: dict[str, object]) -> None:
    """Write a state as files of at most PART bytes; a stop in between leaves the last one whole."""
    file = io.BytesIO()
    torch.save(state, file)
    data = file.getvalue()
    new = folder / f"{name}.new"
    new.mkdir(parents=True, exist_ok=True)
    for old in new.iterdir():
        old.unlink()
    for number, start in enumerate(range(0, len(data), PART)):
        (new / f"{number:03}").write_bytes(data[start : start + PART])
    (new / "bytes").write_text(str(len(data)))
    last = folder / name
    if last.exists():
        for old in last.iterdir():
            old.unlink()
        last.rmdir()
    new.rename(last)


def load(folder: Path, name: str) -> dict[str, object] | None:
    """Read what ``save`` wrote; None where there is nothing."""
    for place in (folder / name, folder / f"{name}.new"):
        if (place / "bytes").exists():
            data = b"".join(part.read_bytes() for part in sorted(place.glob("[0-9]*")))
            if len(data) == int((place / "bytes").read_text()):
                state: dict[str, object] = torch.load(io.BytesIO(data), weights_only=True, map_location="cpu")
                return state
    return None


def run(trainer: Trainer, options: argparse.Namespace, folder: Path) -> None:
    """Train until the minutes are over, saving now and then."""
    config = trainer.config
    items = read(options.shards, held=False)
    print(
        f"{len(items)} pictures, {sum(p.numel() for p in trainer.decoder.parameters()) / 1e6:.2f} M weights"
    )
    batches = Batches(items, config.batch, config.crop, SEED, trainer.iteration)
    loader = iter(torch.utils.data.DataLoader(batches, batch_size=None, num_workers=options.workers))
    sums: dict[str, float] = {}
    counts: Counter[str] = Counter()
    began, before = time.time(), trainer.minutes
    saved, counted, clock = time.time(), 0, time.time()
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        while trainer.minutes < options.minutes and trainer.iteration < options.iterations:
            by_time = trainer.minutes / options.minutes
            for name, value in trainer.step(
                next(loader), max(by_time, trainer.iteration / options.iterations)
            ).items():
                sums[name] = sums.get(name, 0.0) + value
                counts[name] += 1
            counted += 1
            trainer.minutes = before + (time.time() - began) / 60
            if trainer.iteration % LOG_EVERY == 0:
                means = {name: round(value / max(counts[name], 1), 4) for name, value in sums.items()}
                speed = round(counted / (time.time() - clock), 2)
                line = {"iteration": trainer.iteration, "minutes": round(trainer.minutes, 2), "per_s": speed}
                print(json.dumps(line | means), file=log, flush=True)
                print(json.dumps(line | means), flush=True)
                sums, counts, counted, clock = {}, Counter(), 0, time.time()
            if time.time() - saved > 60 * SAVE_MINUTES:
                save(folder, "state", trainer.state())
                saved = time.time()
    save(folder, "state", trainer.state())


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--data", type=Path, default=Path(DATA), help="folder with weights/taesd")
    parser.add_argument("--shards", type=Path, default=BUILD / "shards")
    parser.add_argument("--config", choices=tuple(CONFIGS), default="small")
    parser.add_argument("--out", type=Path, help="folder of the run")
    parser.add_argument("--start", metavar="TABLE", help="a new run starts with a shipped table's weights")
    parser.add_argument("--minutes", type=float, required=True, help="of training, over all runs")
    parser.add_argument("--iterations", type=int, default=10**9, help="at most")
    parser.add_argument("--device", default="cpu")
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--workers", type=int, default=0, help="processes that make batches")
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    folder = options.out or BUILD / options.config
    folder.mkdir(parents=True, exist_ok=True)
    trainer = Trainer(CONFIGS[options.config], options.data, options.device)
    state = load(folder, "state")
    if state is not None:
        trainer.restore(state)
        print(f"goes on from iteration {trainer.iteration}, {trainer.minutes:.1f} minutes")
    elif options.start:
        for decoder in (trainer.decoder, trainer.shown):
            graph.restore(decoder, models.load(options.start))
    run(trainer, options, folder)


if __name__ == "__main__":
    main()
