"""Fit heads, one hidden layer trained with dropout and rounded to 8 bits; choose from when they speak.

Needs torch, which nothing else of the product does.
"""

from __future__ import annotations

import io
import zlib
from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

from promptcodec.vision.colour import Floats
from promptcodec.vision.heads import LIMIT, Head, read

FOLDS = 5
BATCH = 512
RATE = 3e-3
DROP = 0.5, 0.2
"""Share of hidden units, and of inputs, left out of a step."""

TAIL, LENIENCE = 8, 0.2
"""The most doubtful of so many answers may be right less often by this."""

Flags = npt.NDArray[np.bool_]


def folds(names: Sequence[str]) -> npt.NDArray[np.int64]:
    """Put pictures into FOLDS groups; those of one series (``name0``, ``name1``) together."""
    return np.array(
        [
            zlib.crc32(name.split(".")[0].rstrip("0123456789").encode() if "-" in name else name.encode())
            % FOLDS
            for name in names
        ]
    )


def train(
    inputs: Floats,
    labels: Floats,
    first: npt.NDArray[np.int64] | None,
    known: Floats | None,
    *,
    hidden: int,
    epochs: int,
    decay: float,
    seed: int = 0,
) -> dict[str, Floats]:
    """Train one head.

    Args:
        inputs: ``(n, m)``.
        labels: ``(n, k)``, 1 for every word that is right.
        first: ``(n,)`` the best of them, where one word holds; None where any may.
        known: ``(n, k)``, 1 where a label is known; None for all.
        hidden: units.
        epochs: times through the inputs.
        decay: weight decay.
        seed: of the first weights and the order.

    Returns:
        The arrays of a ``Head`` but ``least`` and ``low``.
    """
    import torch  # noqa: PLC0415 - only this needs it

    torch.manual_seed(seed)
    torch.set_num_threads(1)
    mean, scale = inputs.mean(0), 1 / (inputs.std(0) + 1e-3)
    x = torch.from_numpy(np.clip((inputs - mean) * scale, -LIMIT, LIMIT).astype(np.float32))
    y = torch.from_numpy(labels.astype(np.float32))
    best = None if first is None else torch.from_numpy(first)
    mask = None if known is None else torch.from_numpy(known.astype(np.float32))
    net = torch.nn.Sequential(
        torch.nn.Dropout(DROP[1]), torch.nn.Linear(x.shape[1], hidden), torch.nn.ReLU(),
        torch.nn.Dropout(DROP[0]), torch.nn.Linear(hidden, y.shape[1]),
    )  # fmt: skip
    steps = epochs * -(-len(x) // BATCH)
    optimizer = torch.optim.AdamW(net.parameters(), lr=RATE / 3, weight_decay=decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, RATE, total_steps=steps)
    for _ in range(epochs):
        for index in torch.randperm(len(x)).split(BATCH):
            logits = net(x[index])
            if best is None:
                losses = torch.nn.functional.binary_cross_entropy_with_logits(
                    logits, y[index], reduction="none"
                )
                loss = losses.mean() if mask is None else (losses * mask[index]).sum() / mask[index].sum()
            else:
                # Half of it: any word that is right; half: the best one.
                logs = torch.log_softmax(logits, 1)
                any_right = torch.logsumexp(logs + torch.log(y[index] + 1e-9), 1)
                loss = -(any_right.mean() + logs.gather(1, best[index, None]).mean()) / 2
            optimizer.zero_grad()
            loss.backward()
            optimizer.step()
            schedule.step()
    layers = {name: value.detach().numpy() for name, value in net.state_dict().items()}
    return {
        "mean": mean, "scale": scale, "first": layers["1.weight"], "first_bias": layers["1.bias"],
        "second": layers["4.weight"], "second_bias": layers["4.bias"],
    }  # fmt: skip


def pack(words: Sequence[str], least: Floats, low: Floats, arrays: dict[str, Floats]) -> bytes:
    """Give the table of a head: weights in int8 with a step for each row, all else in half floats."""
    stored: dict[str, npt.NDArray[np.generic]] = {
        "words": np.frombuffer("\n".join(words).encode(), np.uint8),
        "least": np.asarray(least, np.float32),
        "low": np.asarray(low, np.float32),
    }
    for name, array in arrays.items():
        if array.ndim == 1:
            stored[name] = array.astype(np.float32 if name == "scale" else np.float16)
        else:
            step = np.abs(array).max(1) / 127
            stored[name] = np.round(array / step[:, None]).astype(np.int8)
            stored[name + "_step"] = step.astype(np.float32)
    buffer = io.BytesIO()
    np.savez(buffer, **stored)  # type: ignore[arg-type]
    return buffer.getvalue()


def rounded(words: Sequence[str], arrays: dict[str, Floats]) -> Head:
    """Give a head as it will be shipped, silent so far."""
    never = np.full(len(words), 2.0, np.float32)
    return read(pack(words, never, never, arrays))


def bound(scores: Floats, right: Flags, precision: float, fewest: int) -> float:
    """Give the least score from which answers are right often enough; 2 where there is none.

    Args:
        scores: ``(n,)`` of held-out answers.
        right: ``(n,)``.
        precision: share that must be right.
        fewest: answers that there must be.
    """
    order = np.argsort(-scores, kind="stable")
    count = np.arange(1, len(order) + 1)
    share = np.cumsum(right[order]) / count
    # The most doubtful answers must be right often enough too: a crowd of sure ones carries no guesses.
    tail = np.maximum(fewest, count // TAIL)
    sums = np.concatenate([np.zeros(1), np.cumsum(right[order])])
    doubtful = (sums[count] - sums[np.maximum(count - tail, 0)]) / np.minimum(tail, count)
    # Answers of one score are given together or not at all.
    last = np.append(np.diff(scores[order]) != 0, True)
    good = np.flatnonzero(
        (share >= precision) & (doubtful >= precision - LENIENCE) & last & (count >= fewest)
    )
    return float(scores[order[good[-1]]]) if len(good) else 2.0
