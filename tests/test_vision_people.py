"""People in pictures: who they are, where they look, how they stand, and the skeletons stored of them."""

from __future__ import annotations

import json
import sys
import warnings

import numpy as np
import pytest
from PIL import Image

from promptcodec import encode, inspect
from promptcodec.errors import EncodeWarning, MissingError, UsageError
from promptcodec.layers import structure
from promptcodec.layers.structure.encoder.people import HIDDEN, key_points
from promptcodec.vision import runtime
from promptcodec.vision.bodies import SEEN, body_of
from promptcodec.vision.cell_nouns import standard
from promptcodec.vision.faces import Face
from promptcodec.vision.maps import look
from promptcodec.vision.people import TO_THE_LEFT, TO_THE_RIGHT, TO_US, _looks, people
from promptcodec.vision.poses import Pose
from promptcodec.vision.things import things


def seen(image):
    return people(image, standard(look(image)), things(image))


def coders(data):
    return {part["type"]: part["coder"] for part in inspect(data)["parts"]}


@pytest.fixture(scope="module")
def body(data_folder):
    """Give a photograph of a man on a dune, all of whom is seen."""
    with Image.open(data_folder / "train" / "photo_00761.webp") as image:
        return image.convert("RGB")


@pytest.mark.parametrize("size", [(1, 1), (1, 300), (300, 1), (64, 48)])
def test_nobody_in_nothing(size):
    assert seen(Image.new("RGB", size, "grey")) == ()
    noise = np.random.default_rng(1).integers(0, 256, (*size[::-1], 3), dtype=np.uint8)
    assert seen(Image.fromarray(noise)) == ()


def test_somebody_who_looks_at_us(astronaut):
    (somebody,) = seen(astronaut)
    left, top, right, bottom = somebody.box
    assert 0 <= left < 0.2
    assert right < 0.8
    assert top < 0.1
    assert bottom > 0.9
    assert somebody.looks == TO_US
    assert somebody.face is not None
    assert left < somebody.face.box[0] < somebody.face.box[2] < right


def test_a_face_alone_is_somebody_without_a_pose(astronaut):
    face = astronaut.crop((150, 30, 300, 190))
    (somebody,) = seen(face)
    assert body_of(face, somebody) is None
    assert people(face, standard(look(face)), ())[0].face is not None


def face_with(nose):
    points = np.array(
        [[0.4, 0.4], [0.6, 0.4], [nose, 0.5], [0.5, 0.6], [0.35, 0.45], [0.65, 0.45]], np.float32
    )
    return Face((0.3, 0.3, 0.7, 0.7), points, 0.9)


@pytest.mark.parametrize(("nose", "where"), [(0.5, TO_US), (0.3, TO_THE_LEFT), (0.7, TO_THE_RIGHT)])
def test_where_faces_look(nose, where):
    assert _looks(face_with(nose), (200, 100)) == where


def test_a_body_from_head_to_foot(body):
    ((somebody, stands),) = [(one, pose) for one in seen(body) if (pose := body_of(body, one)) is not None]
    points, visible = stands.points, stands.visible
    left, top, right, bottom = somebody.box
    margin = 0.1 * (bottom - top)
    assert (visible > SEEN).sum() > 12
    assert (points[visible > SEEN].min(0) >= [left - margin, top - margin]).all()
    assert (points[visible > SEEN].max(0) <= [right + margin, bottom + margin]).all()
    nose, ankles, hips = points[0], points[15:17], points[11:13]
    assert nose[1] < hips[:, 1].min() < ankles[:, 1].min()


def test_key_points_as_coco_has_them():
    points = np.zeros((17, 2), np.float32) + 0.5
    points[0] = 0.5, 1.2
    visible = np.full(17, 1, np.float32)
    visible[1:3] = HIDDEN - 0.1, SEEN - 0.1
    numbers = key_points(Pose(points, visible, 1.0, 0.0), (40, 20))
    assert numbers[:12] == [0, 0, 0, 0, 0, 0, 20, 10, 1, 20, 10, 2]


def test_a_skeleton_is_stored_where_there_is_somebody(body, once):
    data = once(encode, body, layers=("structure",), structure="pose")
    assert coders(data) == {"structure": "pose"}
    assert len(data) < 50
    # The man is small in the picture, so by itself the layer shows contours.
    assert coders(once(encode, body, layers=("structure",)))["structure"] == "polylines"
    near = body.crop((body.width // 4, body.height // 6, 3 * body.width // 4, 3 * body.height // 4))
    assert coders(once(encode, near, layers=("structure",)))["structure"] == "pose"
    assert coders(once(encode, near, layers=("structure",), structure="edges"))["structure"] == "polylines"


def test_a_budget_has_room_for_a_skeleton_or_for_contours(body, once):
    layers = ("semantic", "texture", "structure")
    words = once(encode, body, layers=layers, structure="pose", budget=200)
    assert coders(words)["structure"] == "pose"
    assert len(words) <= 200
    tight = once(encode, body, layers=("structure",), structure="edges", budget=24)
    with pytest.warns(EncodeWarning, match="budget"):
        assert encode(body, layers=("structure",), structure="pose", budget=24) == tight


def test_nobody_gives_contours_and_a_warning_where_people_were_asked_for(scene):
    edges = encode(scene, layers=("structure",), structure="edges", budget=80)
    with pytest.warns(EncodeWarning, match="nobody"):
        assert encode(scene, layers=("structure",), structure="pose", budget=80) == edges
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert encode(scene, layers=("structure",), budget=80) == edges


def test_what_there_is_not(scene):
    with pytest.raises(UsageError, match="pose"):
        encode(scene, layers=("structure",), structure="lines")


def test_a_pose_that_was_given_wins(scene):
    person = [value for joint in range(17) for value in (10 + 3 * joint, 20 + 2 * joint, 2)]
    given = encode(scene, layers=("structure",), pose=person)
    assert encode(scene, layers=("structure",), pose=person, structure="edges") == given


def test_contours_need_no_network(scene, monkeypatch):
    monkeypatch.setitem(sys.modules, "onnxruntime", None)
    runtime.session.cache_clear()
    encode(scene, layers=("structure",), structure="edges", budget=60)
    with pytest.raises(MissingError, match="onnxruntime") as caught:
        encode(scene, layers=("structure",), budget=60)
    assert "--structure edges" in caught.value.hint


def test_through_the_command(cli, tmp_path, body):
    body.save(tmp_path / "a.png")
    options = ("--layers", "semantic,structure", "--structure", "pose", "--json")
    code, out, _ = cli("encode", "a.png", "-o", "a.pxt", *options)
    assert code == 0
    parts = {part["type"]: part for part in json.loads(out)["parts"]}
    assert parts["structure"]["coder"] == "pose"
    code, _, _ = cli("decode", "a.pxt", "-o", "b.png")
    assert code == 0
    with Image.open(tmp_path / "b.png") as drawn:
        assert drawn.size == body.size


def test_a_skeleton_is_no_edge_map(body, once):
    from promptcodec import bitstream
    from promptcodec.generators.images import _references
    from promptcodec.reading import read_layers

    for asked, name in (("pose", "skeletons"), ("edges", "contours")):
        data = once(encode, body, layers=("structure",), structure=asked)
        conditions = read_layers(bitstream.read(data), ("structure",), (64, 48)).conditions
        assert conditions.skeletons == (asked == "pose")
        ((title, wording, _),) = _references(conditions, (64, 48))
        assert title == name
        assert ("edge map" in wording) == (asked == "edges")


def test_skeletons_are_the_same_twice(body):
    parts = [structure.encode_people(body, "pose", None)[0] for _ in range(2)]
    assert parts[0] == parts[1]
