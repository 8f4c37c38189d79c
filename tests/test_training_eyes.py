"""Heads as they are packed and read, and the bounds from which they speak."""

from __future__ import annotations

import numpy as np
import pytest

from promptcodec.vision.heads import read
from training.eyes import fit


def arrays(inputs=12, hidden=5, words=3, seed=0):
    draw = np.random.default_rng(seed)
    return {
        "mean": draw.normal(size=inputs).astype(np.float32),
        "scale": draw.uniform(0.5, 2, inputs).astype(np.float32),
        "first": draw.normal(size=(hidden, inputs)).astype(np.float32),
        "first_bias": draw.normal(size=hidden).astype(np.float32),
        "second": draw.normal(size=(words, hidden)).astype(np.float32),
        "second_bias": draw.normal(size=words).astype(np.float32),
    }


def test_a_head_comes_back_as_it_was_packed():
    layers = arrays()
    head = read(fit.pack(["a", "b c", "d"], np.array([0.5, 0.6, 2]), np.array([0.4, 0.6, 2]), layers))
    assert head.words == ("a", "b c", "d")
    assert head.least.tolist() == pytest.approx([0.5, 0.6, 2])
    # Weights have 8 bits and a step for each row.
    steps = np.abs(layers["first"]).max(1, keepdims=True) / 127
    assert (np.abs(head.first - layers["first"]) <= steps / 2 + 1e-6).all()
    inputs = np.random.default_rng(1).normal(size=(4, 12)).astype(np.float32)
    assert head.shares(inputs).sum(1) == pytest.approx(np.ones(4), abs=0.01)
    hidden = np.maximum(
        (inputs - layers["mean"]) * layers["scale"] @ layers["first"].T + layers["first_bias"], 0
    )
    logits = hidden @ layers["second"].T + layers["second_bias"]
    assert head.logits(inputs) == pytest.approx(logits, abs=0.5)


def test_the_bound_is_where_answers_are_right_often_enough():
    scores = np.linspace(1, 0, 101)
    right = scores >= 0.5
    # 51 right ones, and as many wrong ones behind them as leave nine of ten right.
    assert fit.bound(scores, right, 0.9, 5) == pytest.approx(0.47, abs=0.031)
    assert fit.bound(scores, ~right, 0.9, 5) == 2
    assert fit.bound(scores[:3], right[:3], 0.9, 5) == 2


def test_sure_answers_carry_no_guesses():
    scores = np.linspace(1, 0, 1000)
    right = np.concatenate([np.ones(500, bool), np.zeros(500, bool)])
    # By all answers alone the bound would lie where 55 of them are wrong.
    assert fit.bound(scores, right, 0.9, 5) > scores[530]


def test_pictures_of_a_series_are_held_out_together():
    groups = fit.folds(["ice-1.webp", "ice-2.webp", "ice-30.webp", "a_1.webp"])
    assert len(set(groups[:3].tolist())) == 1
    assert set(groups.tolist()) <= set(range(fit.FOLDS))


def test_training_learns_what_can_be_learnt():
    pytest.importorskip("torch")
    draw = np.random.default_rng(0)
    inputs = draw.normal(size=(600, 8)).astype(np.float32)
    first = (inputs[:, 0] > 0).astype(np.int64)
    labels = np.eye(2, dtype=np.float32)[first]
    head = fit.rounded(
        ["no", "yes"], fit.train(inputs, labels, first, None, hidden=16, epochs=300, decay=0.01)
    )
    fresh = draw.normal(size=(200, 8)).astype(np.float32)
    assert (head.shares(fresh).argmax(1) == (fresh[:, 0] > 0)).mean() > 0.9
