"""Train the small latent pipeline; goes on where it stopped.

    python -m training.latent.train --data DIR --minutes 85 [--threads 1] [--compile]

Flow matching: the network is given a mixture of a picture's latents and noise, with the layers, and learns
the difference of the two. The schedule follows the minutes trained, stops included; batch n is the same in
any run. The log has one JSON object a line.

Source: Y. Lipman and others, "Flow matching for generative modeling", 2023; times towards the middle,
P. Esser and others, "Scaling rectified flow transformers for high-resolution image synthesis", 2024.
"""

from __future__ import annotations

import argparse
import copy
import json
import math
import time
from pathlib import Path

import torch

from training.generator.train import load, save
from training.latent import BUILD
from training.latent.data import Batch, Batches, items, vocabulary
from training.latent.network import Network

SEED = 23
BATCH, RATE = 32, 6e-4
# Of the training: the learning rate rises; from here it falls.
WARM, FALLING = 0.02, 0.3
DECAY = 0.9985
HELD_BATCHES = 4
LOG_EVERY, SAVE_MINUTES = 100, 4.0


class Trainer:
    """Everything a run consists of."""

    def __init__(self, words: list[str]) -> None:
        torch.manual_seed(SEED)
        self.words = words
        self.network = Network(words).to(memory_format=torch.channels_last)
        self.shown = copy.deepcopy(self.network).requires_grad_(requires_grad=False)
        self.flow = self.network.forward
        self.steps = torch.optim.AdamW(self.network.parameters(), RATE, (0.9, 0.99), weight_decay=1e-2)
        self.iteration, self.minutes = 0, 0.0

    def state(self) -> dict[str, object]:
        """Give what a run needs to go on."""
        parts = {name: getattr(self, name).state_dict() for name in ("network", "shown", "steps")}
        return {**parts, "words": self.words, "iteration": self.iteration, "minutes": self.minutes}

    def restore(self, state: dict[str, object]) -> None:
        """Go on from a state."""
        for name in ("network", "shown", "steps"):
            getattr(self, name).load_state_dict(state[name])
        self.iteration, self.minutes = int(str(state["iteration"])), float(str(state["minutes"]))

    def step(self, batch: Batch, done: float) -> float:
        """Train on one batch; ``done`` 0..1 is how far the training is."""
        for group in self.steps.param_groups:
            group["lr"] = RATE * _rate(done)
        loss = self.loss(batch)
        self.steps.zero_grad(set_to_none=True)
        loss.backward()
        torch.nn.utils.clip_grad_norm_(self.network.parameters(), 1.0)
        self.steps.step()
        with torch.no_grad():
            decay = min(DECAY, (1 + self.iteration) / (10 + self.iteration))
            for mean, now in zip(self.shown.parameters(), self.network.parameters(), strict=True):
                mean.lerp_(now, 1 - decay)
        self.iteration += 1
        return float(loss.detach())

    def loss(self, batch: Batch, *, shown: bool = False) -> torch.Tensor:
        """Give the mean squared error of the flow."""
        times = batch.times[:, None, None, None]
        noisy = torch.lerp(batch.latents, batch.noise, times)
        with torch.autocast("cpu", torch.bfloat16):
            flow = (self.shown if shown else self.flow)(noisy, batch.times, batch.given)
        return (flow.float() - (batch.noise - batch.latents)).square().mean()


def _rate(done: float) -> float:
    if done < WARM:
        return max(done / WARM, 0.05)
    if done < FALLING:
        return 1.0
    return 0.01 + 0.99 * (1 + math.cos(math.pi * min(1.0, (done - FALLING) / (1 - FALLING)))) / 2


def held_loss(trainer: Trainer, batches: Batches) -> float:
    """Give the loss of the mean network on pictures held out."""
    with torch.no_grad():
        losses = [float(trainer.loss(batches.make(number), shown=True)) for number in range(HELD_BATCHES)]
    return sum(losses) / len(losses)


def run(trainer: Trainer, batches: Batches, held: Batches, minutes: float, folder: Path) -> None:
    """Train until the minutes are over, saving now and then."""
    began, before = time.time(), trainer.minutes
    saved, clock, total = time.time(), time.time(), 0.0
    with (folder / "log.jsonl").open("a", encoding="utf-8") as log:
        while trainer.minutes < minutes:
            total += trainer.step(batches.make(trainer.iteration), trainer.minutes / minutes)
            trainer.minutes = before + (time.time() - began) / 60
            if trainer.iteration % LOG_EVERY == 0:
                line = {
                    "iteration": trainer.iteration,
                    "minutes": round(trainer.minutes, 2),
                    "per_s": round(LOG_EVERY / (time.time() - clock), 2),
                    "loss": round(total / LOG_EVERY, 4),
                }
                if time.time() - saved > 60 * SAVE_MINUTES:
                    save(folder, "state", trainer.state())
                    saved = time.time()
                    line["held"] = round(held_loss(trainer, held), 4)
                print(json.dumps(line), file=log, flush=True)
                print(json.dumps(line), flush=True)
                clock, total = time.time(), 0.0
    save(folder, "state", trainer.state())


def main() -> None:
    """Train."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--pictures", type=Path, default=BUILD / "pictures", help="what pack wrote")
    parser.add_argument("--out", type=Path, default=BUILD / "run", help="folder of the run")
    parser.add_argument("--minutes", type=float, required=True, help="of training, over all runs")
    parser.add_argument("--threads", type=int, default=1)
    parser.add_argument(
        "--compile", action="store_true", help="a quarter faster, after two minutes; needs g++"
    )
    options = parser.parse_args()
    torch.set_num_threads(options.threads)
    options.out.mkdir(parents=True, exist_ok=True)
    pictures = items(options.pictures, held=False)
    state = load(options.out, "state")
    words = vocabulary(item.texts for item in pictures) if state is None else [*state["words"]]
    trainer = Trainer(words)
    if state is not None:
        trainer.restore(state)
        print(f"goes on from iteration {trainer.iteration}, {trainer.minutes:.1f} minutes")
    weights = sum(each.numel() for each in trainer.network.parameters())
    print(f"{len(pictures)} pictures, {len(words)} words, {weights / 1e6:.2f} M weights", flush=True)
    if options.compile:
        trainer.flow = torch.compile(trainer.network)
    numbers = trainer.network.words.numbers
    held = Batches(items(options.pictures, held=True), numbers, BATCH, SEED)
    run(trainer, Batches(pictures, numbers, BATCH, SEED), held, options.minutes, options.out)


if __name__ == "__main__":
    main()
