"""Fit the logits and weights of the token PPM to texts that its counts have not seen."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from promptcodec.entropy.ppm.coder import walk
from promptcodec.entropy.ppm.model import BAND_COUNT, BANDS, CACHES, EXACT, INPUTS, LOGITS, TRI, Model

ROW = 9  # numbers in the trace of one split: band, split, six indices, bit
_BATCH = 4096


def start_logits() -> NDArray[np.float64]:
    """Give logits of the plain estimate (r + a) / (n + 2 a), to start from."""
    row = np.zeros(LOGITS)
    for n in range(1, EXACT):
        r = np.arange(n + 1)
        row[TRI[n] : TRI[n] + n + 1] = np.log((r + 0.15) / (n - r + 0.15))
    for bits in range(6, 18):
        steps = np.arange(-144, 145)
        row[BANDS[bits] - 144 : BANDS[bits] + 145] = steps * np.log(2) / 8
    return np.tile(row, (INPUTS - 1, 1))


def base_logits(
    tokens: NDArray[np.int64], root: int, left: list[int], right: list[int]
) -> NDArray[np.float64]:
    """Give each split's logit of going right, from how often each token occurs at all."""
    size = len(left)
    sums = np.concatenate([[0.0], np.cumsum(np.bincount(tokens, minlength=size) + 0.1)])
    logits = np.zeros(size)
    stack = [(root, 0, size)]
    while stack:
        mid, low, high = stack.pop()
        logits[mid] = np.log((sums[high] - sums[mid]) / (sums[mid] - sums[low]))
        if left[mid]:
            stack.append((left[mid], low, mid))
        if right[mid]:
            stack.append((right[mid], mid, high))
    return logits


def trace(model: Model, texts: list[str]) -> NDArray[np.int32]:
    """Give a ROW of numbers for each split on the way of each text."""
    rows: list[NDArray[np.int32]] = []
    for text in texts:
        seen: list[int] = []
        walk(model, model.vocabulary.encode(text.encode()), trace=seen)
        rows.append(np.array(seen, np.int32))
    return np.concatenate(rows).reshape(-1, ROW)


def fit(
    base: NDArray[np.float64], rows: NDArray[np.int32], epochs: int = 4
) -> tuple[NDArray[np.int16], NDArray[np.int16], NDArray[np.int32]]:
    """Fit by stochastic gradient descent with Adagrad steps.

    Returns:
        base logits, logits and weights, as ``ppm_tables.Tables`` has them.
    """
    random = np.random.default_rng(1)
    base = base.copy()
    logits = start_logits()
    weights = np.tile(np.array([0.3, 0.3, 0.3, 0.4, 0.15, 0.15, 0.3]), (BAND_COUNT, 1))
    # Long repetitions are too rare in the texts to fit these to.
    weights[4::CACHES] = 0.1, 0.1, 0.1, 0.2, 0.1, 0.2, 0.9
    weights[5::CACHES] = 0.1, 0.1, 0.1, 0.2, 0.1, 0.2, 1.3
    step_base, step_logits, step_weights = (np.full(x.shape, 1e-3) for x in (base, logits, weights))
    rows = rows.astype(np.int64)
    columns = np.arange(INPUTS - 1)[None, :] * LOGITS
    for epoch in range(epochs):
        rate = 0.5**epoch
        loss = 0.0
        order = random.permutation(len(rows))
        for at in range(0, len(rows), _BATCH):
            some = rows[order[at : at + _BATCH]]
            band, mid, where, bit = some[:, 0], some[:, 1], some[:, 2:-1] + columns, some[:, -1]
            flat = logits.reshape(-1)
            values = np.concatenate([base[mid][:, None], flat[where]], 1)
            chosen = weights[band]
            dot = np.clip((values * chosen).sum(1), -12, 12)
            chance = 1 / (1 + np.exp(-dot))
            error = bit - chance
            loss -= np.log(np.where(bit > 0, chance, 1 - chance)).sum()
            alive = np.concatenate([np.ones((len(some), 1), bool), some[:, 2:-1] > 0], 1)
            own = error[:, None] * chosen * alive
            g_base = np.bincount(mid, own[:, 0], len(base))
            g_logits = np.bincount(where.ravel(), own[:, 1:].ravel(), flat.size).reshape(logits.shape)
            cell = band[:, None] * INPUTS + np.arange(INPUTS)[None, :]
            g_weights = np.bincount(cell.ravel(), (error[:, None] * values).ravel(), weights.size).reshape(
                weights.shape
            )
            _step(base, g_base, step_base, rate * 0.05)
            _step(logits, g_logits, step_logits, rate * 0.08)
            _step(weights, g_weights, step_weights, rate * 0.02)
        print(f"  epoch {epoch + 1}: {loss / len(rows) / np.log(2):.5f} bits a split")
    logits[:, 0] = 0
    return (
        np.clip(np.round(base * 256), -8191, 8191).astype(np.int16),
        np.clip(np.round(logits * 256), -8191, 8191).astype(np.int16),
        np.round(weights * 65536).astype(np.int32),
    )


def _step(
    values: NDArray[np.float64], gradient: NDArray[np.float64], sums: NDArray[np.float64], rate: float
) -> None:
    """Take an Adagrad step, in place."""
    sums += gradient**2
    values += rate * gradient / np.sqrt(sums)
