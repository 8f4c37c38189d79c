"""The networks of the learned codec: bytes, words, training. Weights are random, or trained for a second."""

from __future__ import annotations

import argparse
import subprocess
import sys
from dataclasses import replace

import numpy as np
import pytest
from PIL import Image

from eval import codecs
from eval.datasets import Item
from eval.missing import Unavailable
from promptcodec.errors import BitstreamError, EntropyError, UsageError


@pytest.fixture(scope="module", autouse=True)
def _loaded() -> None:
    """Load what computes: it takes seconds, and only one worker runs these tests."""
    global torch, entropy, file, network, stream, train, data, TINY  # noqa: PLW0603 - as imports are
    torch = pytest.importorskip("torch", reason="the learned codec needs torch (the eval extra)")
    from eval.learned import data, entropy, file, network, stream, train
    from eval.learned.text import TextShape

    text = TextShape(16, 1, 2, 64)
    TINY = network.Shape((8, 8, 16), (8, 8, 16), 20, 8, 5, 32, 16, 1, (16,), (16,), text)


def codec(seed: int = 0) -> network.Codec:
    """Give a codec whose latents have something to say: large gains, open gates."""
    torch.manual_seed(seed)
    made_up = network.Codec(TINY)
    with torch.no_grad():
        made_up.gain += 3
        made_up.ungain -= 3
        for gate in gates(made_up):
            gate.fill_(1.0)
    return made_up.eval()


def gates(of: network.Codec) -> list[torch.Tensor]:
    return [weight for name, weight in of.named_parameters() if name.endswith("gate")]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    path = tmp_path_factory.mktemp("learned") / "model.pt"
    torch.save(network.save(codec(), ["a dog", "a red boat"]), path)
    return path


@pytest.fixture(scope="module")
def model(checkpoint):
    return file.load(checkpoint)


@pytest.fixture(scope="module")
def photo(astronaut):
    return astronaut.crop((100, 0, 340, 160)).resize((90, 70))


def test_one_process_codes_and_another_decodes(photo, checkpoint, model, tmp_path):
    def run(*words):
        command = [sys.executable, "-m", "eval.learned.file", *map(str, words), "--model", str(checkpoint)]
        return subprocess.run(
            command, capture_output=True, text=True, check=False, cwd=codecs.__path__[0] + "/../.."
        )

    photo.save(tmp_path / "a.png")
    done = run("encode", tmp_path / "a.png", tmp_path / "a.bin", "--rate", 4, "--text", "a woman in orange")
    assert (done.returncode, done.stderr) == (0, "")
    done = run("decode", tmp_path / "a.bin", tmp_path / "b.png")
    assert (done.returncode, done.stderr) == (0, "")
    coded = (tmp_path / "a.bin").read_bytes()
    assert coded == file.encode(model, photo, "a woman in orange", 3)
    assert np.array_equal(Image.open(tmp_path / "b.png"), file.decode(model, coded))


def test_both_sides_compute_on_the_same_layout(photo, model, monkeypatch):
    # Convolutions of another layout give other floats, which now and then choose another table.
    laid = []

    def watch(name):
        own = getattr(model.codec, name)

        def watched(*arguments):
            given = [each for each in arguments if isinstance(each, torch.Tensor)]
            laid.append((name, [(each.shape, each.stride()) for each in given]))
            return own(*arguments)

        monkeypatch.setattr(model.codec, name, watched)

    for name in ("start", "remember", "correct"):
        watch(name)
    coded = file.encode(model, photo, "a woman", 2)
    encoder, laid[:] = list(laid), []
    file.decode(model, coded)
    assert laid == encoder


@pytest.mark.parametrize("size", [(1, 1), (64, 64), (65, 63), (130, 20)])
def test_pictures_of_any_size(photo, model, size):
    picture = photo.resize(size)
    assert file.decode(model, file.encode(model, picture, "", 0)).size == size


def test_rates_are_in_order(photo, model):
    sizes = [len(file.encode(model, photo, "", rate)) for rate in range(stream.RATES)]
    assert sizes == sorted(sizes)
    assert sizes[0] < sizes[-1] / 1.5


def test_damage_is_said(photo, model):
    coded = file.encode(model, photo, "a woman", 2)
    start = len(stream.unpack(coded).head())
    for place in (
        len(stream.MAGIC) + 4,
        start - 1,
        start,
        start + 4,
        (start + len(coded)) // 2,
        len(coded) - 1,
    ):
        bad = bytearray(coded)
        bad[place] ^= 0x41
        with pytest.raises(BitstreamError):
            file.decode(model, bytes(bad))
    with pytest.raises(EntropyError, match="damaged, or was coded on another machine"):
        file.decode(model, coded + b"\1")
    with pytest.raises(BitstreamError, match="give the one it was coded with"):
        file.decode(replace(model, id=b"else"), coded)


def test_the_command_says_damage_in_a_line(photo, checkpoint, model, tmp_path, capsys):
    (tmp_path / "a.bin").write_bytes(file.encode(model, photo, "a woman", 2)[:-3])
    words = ["decode", str(tmp_path / "a.bin"), str(tmp_path / "a.png"), "--model", str(checkpoint)]
    assert file.main(words) == 2
    shown = capsys.readouterr().err
    assert "a.bin: the file is damaged" in shown
    assert shown.count("\n") == 1
    assert not (tmp_path / "a.png").exists()


def test_a_file_that_is_no_checkpoint_is_refused(tmp_path):
    with pytest.raises(UsageError, match=r"eval\.learned\.train makes"):
        file.load(tmp_path / "none.pt")
    (tmp_path / "bad.pt").write_bytes(b"PK\3\4 nothing")
    with pytest.raises(UsageError, match="no checkpoint"):
        file.load(tmp_path / "bad.pt")


def test_tables_cost_what_training_counts():
    between, tables = entropy.latent_tables()
    assert len(tables) == len(between) + 1 == entropy.TABLES
    step = np.log(entropy.LARGEST_SCALE / network.SMALLEST_SCALE) / (entropy.TABLES - 1)
    for place in (0, 20, 40, 63):
        counts = np.diff(tables[place])
        assert counts.min() >= 1
        assert tables[place][-1] == entropy.TOTAL
        scale = torch.tensor(network.SMALLEST_SCALE * np.exp(step * place))
        sizes = range(int(2 * scale) + 1)
        cost = [-np.log2(counts[2 * size] / entropy.TOTAL) for size in sizes]
        expected = network.latent_bits(torch.tensor([float(size) for size in sizes]), scale)
        assert np.allclose(cost, expected.numpy(), atol=0.02)


def test_tables_of_hyper_latents_cost_what_training_counts():
    tables = entropy._hyper_tables(codec(), 1)
    levels = torch.arange(-3.0, 4)[None, None, None].repeat(1, len(tables), 1, 1)
    expected = network.hyper_bits(levels, codec().prior[[1]])[0, 0, 0].detach()
    counts = np.diff(tables[0])[network.HYPER_LARGEST - 3 : network.HYPER_LARGEST + 4]
    assert np.allclose(-np.log2(counts / entropy.TOTAL), expected.numpy(), atol=0.02)


def test_levels_far_away_are_escaped():
    _, tables = entropy.latent_tables()
    levels = [0, 1, -1, 2, -2, 3, -3, 40, -41, 32767, -32767]
    writer = entropy.BitWriter()
    for level in levels:
        entropy._write(writer, tables[0], level)
        entropy._write(writer, tables[30], level)
    reader = entropy.BitReader(writer.finish())
    for level in levels:
        assert entropy._read(reader, tables[0]) == level
        assert entropy._read(reader, tables[30]) == level
    reader.close()


def test_words_matter_only_through_gates(photo):
    of = codec()
    model = file.Model(of, b"abcd", ())

    def coded(text):
        data = file.encode(model, photo, text, 2)
        return stream.unpack(data).levels, np.asarray(file.decode(model, data), np.int16)

    (levels, pixels), (other_levels, other_pixels) = coded("a woman in orange"), coded("")
    assert levels != other_levels
    assert np.abs(pixels - other_pixels).max() > 0
    with torch.no_grad():
        for gate in gates(of):
            gate.zero_()
    (levels, pixels), (other_levels, other_pixels) = coded("a woman in orange"), coded("")
    assert levels == other_levels
    assert np.array_equal(pixels, other_pixels)


def test_words_beside_longer_ones_are_the_same():
    encoder = codec().text
    with torch.no_grad():
        alone, beside = encoder(["a cat"]), encoder(["a cat", "a much longer text of some words"])
    assert beside.there[0].tolist() == [True] * 3 + [False] * 5
    assert torch.allclose(alone.tokens[0], beside.tokens[0, :3], atol=1e-5)
    assert encoder([""]).tokens.shape[:2] == (1, 1)
    assert encoder(["word " * 200]).tokens.shape[1] == 77


def test_slopes_reach_every_gate_and_the_words():
    of = network.Codec(TINY)
    out = of(torch.rand(2, 3, 64, 64), ["a cat", "two dogs"], torch.tensor([0, 4]))
    (out.pictures.square().mean() * 1000 + out.bits.mean()).backward()
    assert len(gates(of)) == 11
    assert all(gate.grad.abs() > 0 for gate in gates(of))
    assert of.text.vectors.weight.grad.abs().sum() > 0
    lost = [name for name, weight in of.named_parameters() if weight.grad is None]
    assert lost == []


def batch(number: int) -> data.Batch:
    rng = np.random.default_rng(number)
    ramp = np.linspace(0, 255, 64)[:, None, None] * rng.random((2, 1, 1, 3))
    pixels = np.broadcast_to(ramp, (2, 64, 64, 3)).astype(np.uint8)
    return data.Batch(pixels, ["a cat", ""], rng.integers(0, stream.RATES, 2))


def trainer() -> train.Trainer:
    return train.Trainer(TINY, 2e-3, torch.device("cpu"))


def test_training_learns():
    of = trainer()
    figures = [of.learn(batch(0), 0.2)["loss"] for _ in range(15)]
    assert min(figures[-5:]) < figures[0] / 1.5


def test_training_goes_on_where_it_stopped(tmp_path):
    whole, first = trainer(), trainer()
    for number in range(4):
        whole.learn(batch(number), 0.2)
    for number in range(2):
        first.learn(batch(number), 0.2)
    torch.save(first.state(), tmp_path / "state.pt")
    second = trainer()
    second.restore(torch.load(tmp_path / "state.pt", weights_only=True))
    assert second.step == 2
    for number in range(2, 4):
        second.learn(batch(number), 0.2)
    assert second.step == whole.step == 4
    weights = zip(whole.codec.parameters(), second.codec.parameters(), strict=True)
    assert all(torch.equal(one, other) for one, other in weights)
    with pytest.raises(UsageError, match="another size"):
        train.Trainer(replace(TINY, latent=25), 1e-3, torch.device("cpu")).restore(first.state())


def test_a_run_leaves_a_checkpoint_and_goes_on(photo, tmp_path, capsys):
    for number in range(40):
        photo.resize((80, 70)).save(tmp_path / f"{number}.png")
        (tmp_path / f"{number}.txt").write_text(f"picture {number}")
    own = {
        "data": tmp_path,
        "all": False,
        "kind": None,
        "batch": 1,
        "crop": 64,
        "workers": 0,
        "minutes": None,
    }
    for steps in (2, 3):
        train.start(argparse.Namespace(**own, steps=steps, out=tmp_path / "run"), trainer())
    assert "goes on from step 2" in capsys.readouterr().out
    assert torch.load(tmp_path / "run" / "state.pt", weights_only=True)["step"] == 3
    learned = file.load(tmp_path / "run" / "model.pt")
    assert learned.others
    assert file.decode(learned, file.encode(learned, photo, "", 0)).size == photo.size


def test_a_study_can_name_it(photo, checkpoint, tmp_path):
    item = Item("set", "a.png", tmp_path / "a.png", prompt="a woman in orange")
    entry = {"kind": "catc", "name": "x", "model": str(checkpoint), "settings": ["1"]}
    texts = {}
    for text in ("own", "empty", "swapped"):
        coded = codecs.create({**entry, "text": text}, "whole").encode(item, photo, "2")
        texts[text] = stream.unpack(coded).text
        assert (
            codecs.create({**entry, "text": text}, "whole").decode(coded, photo.size, "").size == photo.size
        )
    assert texts == {"own": item.prompt, "empty": "", "swapped": "a red boat"}
    with pytest.raises(ValueError, match="a rate, 1 to 5"):
        codecs.create(entry, "whole").encode(item, photo, "6")
    with pytest.raises(Unavailable, match="no text 'loud'"):
        codecs.create({**entry, "text": "loud"}, "whole")
    with pytest.raises(Unavailable, match=r"eval\.learned\.train makes"):
        codecs.create({**entry, "model": str(tmp_path / "none.pt")}, "whole")


def test_multiplications_are_counted():
    from eval.learned.macs import PARTS, SIDE, count

    counts, weights = count("small")
    assert 1.5 < weights < 2.5
    assert len(counts) == len(PARTS)
    shape = network.SIZES["small"]
    last = (
        9 * shape.widths[0] * 12 / 4
    )  # of the synthesis: 3x3, four pixels of three colours, at half the side
    assert counts[2] * 1000 > last
    assert SIDE % network.GRAIN == 0
