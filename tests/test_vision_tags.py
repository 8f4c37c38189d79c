"""The tagger: right where it speaks, silent where it cannot know, the same everywhere."""

import json
import subprocess
import sys

import numpy as np
import pytest
from PIL import Image

from promptcodec import models
from promptcodec.errors import MissingError
from promptcodec.vision import maps, network, runtime, saliency, tag_table, tags

CODE = """
import json, sys
from PIL import Image
from skimage import data
from promptcodec.vision import maps, saliency, tags
image = Image.fromarray(data.chelsea())
found = tags.find(maps.look(image), saliency.regions(image, tags.PLACES))
print(json.dumps([(t.name, t.box, t.confidence) for t in found]))
"""


@pytest.fixture(scope="module")
def chelsea():
    from skimage import data

    return Image.fromarray(data.chelsea())


def look_for(image):
    return tags.find(maps.look(image), saliency.regions(image, tags.PLACES))


def names(image):
    return {tag.name for tag in look_for(image)}


def test_names_that_are_right(chelsea, astronaut):
    from skimage import data

    assert names(chelsea) == {"cat"}
    assert names(Image.fromarray(data.coffee())) & {"coffee", "cup"}
    assert "person" in names(astronaut)


def test_a_tag_has_a_place(astronaut):
    (tag,) = (tag for tag in look_for(astronaut) if tag.name == "person")
    left, top, right, bottom = tag.box
    assert 0 <= left < 0.45 < right <= 1
    assert 0 <= top < 0.3 < bottom <= 1
    assert 0 < tag.confidence <= 1


@pytest.mark.parametrize("size", [(1, 1), (1, 8000), (8000, 1), (2, 3), (640, 480)])
def test_nothing_to_see(size):
    assert look_for(Image.new("RGB", size, (128, 128, 128))) == ()
    assert not saliency.saliency(Image.new("RGB", size, (128, 128, 128))).any()


@pytest.mark.parametrize("size", [(1, 8000), (8000, 1), (5, 4), (300, 20)])
def test_any_size(size):
    noise = np.random.default_rng(0).integers(0, 256, (size[1], size[0], 3), np.uint8)
    image = Image.fromarray(noise)
    look_for(image)
    for left, top, right, bottom in saliency.regions(image, 3):
        assert 0 <= left < right <= 1
        assert 0 <= top < bottom <= 1
    assert 0 <= saliency.saliency(image).min() <= saliency.saliency(image).max() <= 1


def test_two_processes_agree(chelsea):
    outputs = [subprocess.check_output([sys.executable, "-c", CODE], text=True) for _ in range(2)]
    assert outputs[0] == outputs[1]
    here = [[tag.name, list(tag.box), tag.confidence] for tag in look_for(chelsea)]
    assert json.loads(outputs[0]) == here


def test_look_does_not_depend_on_company(chelsea, astronaut):
    network._seen.clear()
    alone = network.look([chelsea])
    network._seen.clear()
    logits, embeddings = network.look([astronaut, chelsea])
    assert np.array_equal(logits[1], alone[0][0])
    assert np.array_equal(embeddings[1], alone[1][0])
    assert np.allclose(np.linalg.norm(embeddings, axis=1), 1, atol=1e-5)
    assert [array.shape for array in network.look([])] == [(0, network.CLASSES), (0, network.DIMENSIONS)]


def test_a_picture_is_looked_at_once(chelsea, monkeypatch):
    network.look([chelsea])
    monkeypatch.setattr(network, "session", lambda _: pytest.fail("looked twice"))
    network.look([chelsea.copy()])


def test_a_changed_picture_is_looked_at_again(chelsea):
    image = chelsea.copy()
    before = network.look([image])[1]
    image.paste("blue", (0, 0, 300, 300))
    assert float((before * network.look([image])[1]).sum()) < 0.9


def test_saliency_finds_what_stands_out():
    image = Image.new("RGB", (200, 120), (40, 110, 60))
    image.paste((220, 40, 30), (120, 30, 170, 80))
    left, top, right, bottom = saliency.regions(image, 1)[0]
    assert left < 145 / 200 < right
    assert top < 55 / 120 < bottom


def test_threads_in_workers(monkeypatch):
    monkeypatch.delenv("OMP_NUM_THREADS", raising=False)
    assert 1 <= runtime.threads() <= 4
    monkeypatch.setattr("multiprocessing.parent_process", object)
    assert runtime.threads() == 1
    monkeypatch.setenv("OMP_NUM_THREADS", "3")
    assert runtime.threads() == 3


def test_without_onnxruntime(monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    runtime.session.cache_clear()
    network._seen.clear()
    with pytest.raises(MissingError, match="pip install onnxruntime"):
        network.look([Image.new("RGB", (8, 8))])


def test_damaged_tables(monkeypatch):
    with pytest.raises(MissingError, match="reinstall"):
        tag_table.parse("cat\t\t500\t\t281-2850\n", 1000)
    with pytest.raises(MissingError, match="reinstall"):
        tag_table.parse("cat\tanimal\t500\t\t281-285\n", 1000)
    tag_table.heads.cache_clear()
    monkeypatch.setattr(models, "load", lambda _: bytes(7 * 2))
    with pytest.raises(MissingError, match="reinstall"):
        tag_table.heads()
    tag_table.heads.cache_clear()


def test_the_most_specific_sure_word_is_said():
    table = tag_table.parse(
        "animal\t\t500\t\t0-3\ndog\tanimal\t500\t\t1-2\npug\tdog\t-\t\t2\nsea\t\t300\tscene\t4\n", 5
    )
    spoken = lambda *values: [table.names[i] for i in tags.spoken(np.array(values), table)]  # noqa: E731
    assert spoken(0.9, 0.4, 0.3, 0.0) == ["animal"]
    assert spoken(0.9, 0.8, 0.8, 0.3) == ["dog", "sea"]
    assert spoken(0.4, 0.4, 0.4, 0.2) == []
    assert table.scenes == (False, False, False, True)


def test_the_network_runs_once(astronaut, monkeypatch):
    """35 ms are wanted on two idle cores, and nearly all of them are the network's."""
    maps._seen.clear()
    runs, session = [], maps.session
    monkeypatch.setattr(maps, "session", lambda table: runs.append(table) or session(table))
    look_for(astronaut)
    maps.look(astronaut)
    assert len(runs) == 1
