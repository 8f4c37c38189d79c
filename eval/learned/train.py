"""Train the learned codec; goes on where it stopped.

    python -m eval.learned.train --data DIR --size small --minutes 180 --out out/learned/small
    python -m eval.learned.train --data PKU --size base --steps 1000000 --workers 12 --out out/learned/base

One model learns all rates: each example draws one. The loss is that of the published codec, bits a pixel and
255^2 lambda times the mean squared error. The learning rate follows the minutes or steps trained, stops
included; batch n is the same in any run. It runs on a GPU where there is one, else on the processor.

The folder has model.pt, what files are coded with; state.pt, from which the same command goes on; and
log.jsonl, one JSON object a line.
"""

from __future__ import annotations

import argparse
import json
import math
import sys
import time
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch

from eval.learned.data import Batch, Batches, Example, choose, examples, split
from eval.learned.network import SIZES, Codec, Shape, save
from eval.learned.stream import LAMBDAS
from promptcodec.errors import PromptcodecError, UsageError

SEED = 31
# By size: learning rate, crops of a step, side of a crop.
RECIPES = {"small": (6e-4, 8, 128), "base": (1e-4, 8, 256)}
# Of the training: the learning rate rises; from here it falls.
WARM, FALLING = 0.01, 0.5
HELD_BATCHES = 4
LOG_EVERY, SAVE_MINUTES = 50, 5.0
# Prompts that model.pt keeps to swap for others.
OTHERS = 256


class Trainer:
    """Everything a run consists of."""

    def __init__(self, shape: Shape, rate: float, device: torch.device) -> None:
        torch.manual_seed(SEED)
        self.rate, self.device = rate, device
        self.codec = Codec(shape).to(device, memory_format=torch.channels_last)
        self.steps = torch.optim.Adam(self.codec.parameters(), rate)
        self.lambdas = torch.tensor(LAMBDAS, device=device) * 255**2
        self.step, self.minutes = 0, 0.0

    def state(self) -> dict[str, Any]:
        """Give what a run needs to go on."""
        parts = {name: getattr(self, name).state_dict() for name in ("codec", "steps")}
        return {**parts, "step": self.step, "minutes": self.minutes}

    def restore(self, state: dict[str, Any]) -> None:
        """Go on from a state.

        Raises:
            UsageError: it is of a codec of another size.
        """
        try:
            for name in ("codec", "steps"):
                getattr(self, name).load_state_dict(state[name])
        except (RuntimeError, ValueError, KeyError) as error:
            raise UsageError("the folder holds a run of another size; name another folder") from error
        self.step, self.minutes = int(state["step"]), float(state["minutes"])

    def learn(self, batch: Batch, done: float) -> dict[str, float]:
        """Train on one batch; ``done`` 0..1 is how far the training is.

        Returns:
            What ``losses`` gives, and the length of the slope.
        """
        torch.manual_seed(SEED + self.step)  # of the noise
        for group in self.steps.param_groups:
            group["lr"] = self.rate * _rate(done)
        loss, figures = self.losses(batch)
        self.steps.zero_grad(set_to_none=True)
        loss.backward()
        slope = torch.nn.utils.clip_grad_norm_(self.codec.parameters(), 1.0)
        if torch.isfinite(slope):
            self.steps.step()
        self.step += 1
        return {**figures, "slope": float(slope)}

    def losses(self, batch: Batch) -> tuple[torch.Tensor, dict[str, float]]:
        """Give the loss, and means of it, bits a pixel and PSNR."""
        rates = torch.from_numpy(batch.rates).to(self.device)
        pixels = torch.from_numpy(batch.pixels).to(self.device).permute(0, 3, 1, 2) / 255
        with torch.autocast(self.device.type, torch.bfloat16):
            coded = self.codec(pixels, batch.texts, rates)
        errors = (coded.pictures - pixels).square().flatten(1).mean(1)
        bpp = coded.bits / (pixels.shape[2] * pixels.shape[3])
        loss = (self.lambdas[rates] * errors + bpp).mean()
        psnr = -10 * torch.log10(errors.detach()).mean()
        return loss, {"loss": float(loss.detach()), "bpp": float(bpp.detach().mean()), "psnr": float(psnr)}


def _rate(done: float) -> float:
    if done < WARM:
        return max(done / WARM, 0.05)
    if done < FALLING:
        return 1.0
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, (done - FALLING) / (1 - FALLING)))) / 2


def run(trainer: Trainer, options: argparse.Namespace, listed: Sequence[Example]) -> None:
    """Train until the minutes or steps are over, saving now and then and at the end."""
    others = sorted({example.prompt for example in split(listed, held=True)} - {""})[:OTHERS]
    train, held = (
        Batches(split(listed, held=kind), options.batch, options.crop, SEED) for kind in (False, True)
    )
    began, before = time.monotonic(), trainer.minutes
    saved, clock, sums = began, began, dict.fromkeys(("loss", "bpp", "psnr", "slope"), 0.0)
    with (options.out / "log.jsonl").open("a", encoding="utf-8") as log:
        for batch in _batches(train, trainer.step, options.workers):
            done = _done(trainer, options)
            if done >= 1:
                break
            for name, value in trainer.learn(batch, done).items():
                sums[name] += value
            now = time.monotonic()
            trainer.minutes = before + (now - began) / 60
            if trainer.step % LOG_EVERY == 0:
                line = {name: round(value / LOG_EVERY, 4) for name, value in sums.items()}
                line |= {"step": trainer.step, "minutes": round(trainer.minutes, 2)}
                line["per_s"] = round(LOG_EVERY / (now - clock), 3)
                if now - saved > 60 * SAVE_MINUTES:
                    keep(trainer, options.out, others)
                    saved = time.monotonic()
                    line |= {f"held_{name}": value for name, value in _held(trainer, held).items()}
                print(json.dumps(line), file=log, flush=True)
                print(json.dumps(line), flush=True)
                clock, sums = time.monotonic(), dict.fromkeys(sums, 0.0)
    keep(trainer, options.out, others)


def keep(trainer: Trainer, folder: Path, others: Sequence[str]) -> None:
    """Write checkpoint and state; a stop in between leaves the last ones whole."""
    for name, content in (("model.pt", save(trainer.codec, others)), ("state.pt", trainer.state())):
        torch.save(content, folder / f"{name}.new")
        (folder / f"{name}.new").replace(folder / name)


def _done(trainer: Trainer, options: argparse.Namespace) -> float:
    return trainer.step / options.steps if options.steps else trainer.minutes / options.minutes


def _batches(batches: Batches, first: int, workers: int) -> torch.utils.data.DataLoader[Batch]:
    """Give the batches from number ``first`` on, made by processes of their own where there are workers."""
    numbers = range(first, 1 << 40)
    return torch.utils.data.DataLoader(
        batches, batch_size=None, sampler=numbers, num_workers=workers, collate_fn=_same
    )


def _same(batch: Batch) -> Batch:
    return batch


def _held(trainer: Trainer, held: Batches) -> dict[str, float]:
    if not held.listed:
        return {}
    with torch.no_grad():
        figures = [trainer.losses(held[number])[1] for number in range(HELD_BATCHES)]
    return {name: round(sum(each[name] for each in figures) / HELD_BATCHES, 4) for name in figures[0]}


def main(words: Sequence[str] | None = None) -> int:
    """Train; give the exit code."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--data", type=Path, required=True, help="pictures with prompts: see the documentation"
    )
    taken = parser.add_mutually_exclusive_group()
    taken.add_argument("--all", action="store_true", help="pictures without a prompt as well")
    taken.add_argument("--kind", help="those that the manifest calls so, as photo, with a prompt or without")
    parser.add_argument("--size", choices=SIZES, required=True)
    parser.add_argument("--out", type=Path, required=True, help="folder of the run")
    length = parser.add_mutually_exclusive_group(required=True)
    length.add_argument("--minutes", type=float, help="of training, over all runs")
    length.add_argument("--steps", type=int, help="of training, over all runs")
    parser.add_argument("--batch", type=int, help="crops of a step")
    parser.add_argument("--crop", type=int, help="side in pixels, a multiple of 64")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument("--workers", type=int, default=0, help="processes that read pictures")
    options = parser.parse_args(words)
    rate, batch, crop = RECIPES[options.size]
    options.batch, options.crop = options.batch or batch, options.crop or crop
    torch.set_num_threads(options.threads)
    try:
        start(options, Trainer(SIZES[options.size], rate, _device()))
    except (PromptcodecError, OSError) as error:
        print(error, file=sys.stderr)
        return error.exit_code if isinstance(error, PromptcodecError) else 2
    return 0


def start(options: argparse.Namespace, trainer: Trainer) -> None:
    """List the pictures, go on from what the folder holds, and train."""
    listed = choose(examples(options.data), options.kind, wordless=options.all)
    if not split(listed, held=False):
        raise UsageError("every picture is held out; give more of them")
    options.out.mkdir(parents=True, exist_ok=True)
    state = options.out / "state.pt"
    if state.is_file():
        trainer.restore(torch.load(state, weights_only=True, map_location=trainer.device))
        print(f"goes on from step {trainer.step}, {trainer.minutes:.1f} minutes", flush=True)
    weights = sum(each.numel() for each in trainer.codec.parameters())
    print(f"{len(listed)} pictures, {weights / 1e6:.2f} M weights, {trainer.device}", flush=True)
    run(trainer, options, listed)


def _device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


if __name__ == "__main__":
    sys.exit(main())
