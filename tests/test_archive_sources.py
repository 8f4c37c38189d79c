"""Adding from tar shards and Parquet files: what is taken, under which names, and what is known again."""

from __future__ import annotations

import bz2
import gzip
import importlib.util
import io
import lzma
import os
import sys
import tarfile
from collections import Counter
from pathlib import Path

import pytest
import zstandard

from promptcodec.archive.record import id_of
from promptcodec.archive.sources import tar
from promptcodec.archive.sources.braces import expanded
from promptcodec.archive.sources.names import Names, harmless
from tests.adding import adder
from tests.shards import failures, picture, places, states, table, tar_of, web_shard, write

if importlib.util.find_spec("webdataset") is None:  # where it is there it imports torch: not in every worker
    pytest.skip("webdataset writes the shards", allow_module_level=True)


@pytest.fixture
def add(cli, monkeypatch, tmp_path):
    return adder(cli, monkeypatch, tmp_path / "cache")


@pytest.fixture
def unread(monkeypatch):
    """Let nothing be read any more, but for what tells names."""

    def refuse(*_args):
        pytest.fail("it was read")

    def apply():
        monkeypatch.setattr(tar.Span, "read", refuse)
        monkeypatch.setattr(tar, "_read", refuse)
        monkeypatch.setattr("promptcodec.archive.sources.parquet._read", refuse)
        monkeypatch.setattr("promptcodec.archive.sources.source.read_file", refuse)

    return apply


# Tar shards.


def test_shards_of_webdataset_are_added_and_known_again(add, unread):
    Path("shards").mkdir()
    for shard in range(3):
        web_shard(f"shards/train-{shard:04d}.tar", range(10 * shard, 10 * shard + 3))
    code, lines, err = add("shards/train-{0000..0002}.tar")
    assert (code, states(lines)) == (0, {"added": 9})
    assert "27 found: 9 added, 18 skipped: 18 not images or streams" in err
    assert lines[0]["file"] == "shards/train-0000.tar/000000.jpg"
    time = Path("shards/train-0001.tar").stat().st_mtime_ns // 1_000_000
    (id_, place) = places()["train-0001.tar/000011.jpg"]
    assert (id_, place.root, place.time) == (id_of(picture(11, "JPEG")), "", time)
    unread()
    assert states(add("shards/*.tar")[1]) == {"known": 9}


def test_a_changed_shard_is_looked_into(add):
    web_shard("a.tar", range(3))
    add("a.tar")
    web_shard("a.tar", [0, 7, 2])
    os.utime("a.tar", (2e9, 2e9))
    _, lines, _ = add("a.tar")
    assert states(lines) == {"known": 2, "added": 1}
    assert {place.time for id_, place in places().values() if id_ == id_of(picture(2, "JPEG"))} == {
        2 * 10**12
    }


def zstd(data):
    half = len(data) // 2
    return b"".join(zstandard.ZstdCompressor().compress(part) for part in (data[:half], data[half:]))


@pytest.mark.parametrize(
    ("name", "pack", "jobs"),
    [
        ("a.tar.gz", gzip.compress, 2),
        ("a.tgz", gzip.compress, 1),
        ("a.tar.bz2", bz2.compress, 1),
        ("a.tar.xz", lzma.compress, 1),
        ("a.tar.zst", zstd, 1),
        ("named-wrong.tar", gzip.compress, 1),
    ],
)
def test_compressed_shards(add, unread, name, pack, jobs):
    web_shard("plain.tar", range(9))
    write(f"in/{name}", pack(Path("plain.tar").read_bytes()))
    code, lines, _ = add(f"in/{name}", jobs=jobs)
    assert (code, states(lines)) == (0, {"added": 9})
    assert places()[f"{name}/000004.jpg"][0] == id_of(picture(4, "JPEG"))
    unread()
    assert states(add(f"in/{name}")[1]) == {"known": 9}


def special(name, kind, target="x"):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = kind, target
    return info


def test_names_in_shards_lead_nowhere(add):
    names = [
        "../../up.png",
        "/etc/top.png",
        "a\\b\\c.png",
        "dir/./x//y.png",
        "ctrl\x07\x1b[1m.png",
        "same.png",
    ]
    names += ["same.png", "same.png", "C:\\w\\d.png", "." * 3 + "/d.png", "n" * 5000 + ".png"]
    links = [
        special("link.png", tarfile.SYMTYPE, "/etc/passwd"),
        special("hard.png", tarfile.LNKTYPE, "same.png"),
        special("dev.png", tarfile.CHRTYPE),
        special("fifo.png", tarfile.FIFOTYPE),
        special("folder.png", tarfile.DIRTYPE),
        special("sparse.png", tarfile.GNUTYPE_SPARSE),
    ]
    members = [(name, picture(number)) for number, name in enumerate(names)]
    write("x/evil.tar", tar_of(*members, *links, ("in/._apple.png", b"x"), ("s.pxt", b"none")))
    code, lines, err = add("x/evil.tar")
    assert (code, states(lines)) == (1, {"added": 11, "failed": 1})
    assert "5 links or devices" in err
    assert {path.removeprefix("evil.tar/")[-40:] for path in places()} == {
        "up.png", "etc/top.png", "a/b/c.png", "dir/x/y.png", "ctrl__[1m.png", "same.png", "same (6).png",
        "same (7).png", "C:/w/d.png", ".../d.png", "n" * 36 + ".png",
    }  # fmt: skip
    assert failures()["evil.tar/s.pxt"].kind == "bitstream"
    assert "\x1b" not in err


def test_names_are_harmless_and_distinct():
    assert harmless("..", 5) == harmless("", 5) == "5"
    assert harmless("a" * 10 + "/../" + "b" * 1022, 1).count("..") == 0
    assert harmless("\ud800\udce9", 1) == "_\udce9"
    names = Names()
    given = [
        names.distinct(name, number) for number, name in enumerate(["a", "a", "a (1)", ".x", ".x", "d/a.b"])
    ]
    assert given == ["a", "a (1)", "a (1) (2)", ".x", ".x (4)", "d/a.b"]
    assert len({names.distinct(f"{n}.jpg", n) for n in range(20_000)}) == 20_000


@pytest.mark.parametrize("pack", [bytes, gzip.compress])
@pytest.mark.parametrize(
    "fault", ["cut in a member", "cut behind a member", "zeroed header", "huge size", "text"]
)
def test_a_damaged_shard_is_one_failed_item(add, fault, pack):
    whole = tar_of(*((f"{number}.png", picture(number)) for number in range(5)))
    with tarfile.open(fileobj=io.BytesIO(whole)) as shard:
        headers = [info.offset for info in shard.getmembers()]
    data, kept = bytearray(whole), 3
    if fault == "cut in a member":
        del data[headers[3] + 700 :]
    elif fault == "cut behind a member":
        del data[headers[3] :]
    elif fault == "zeroed header":
        data[headers[3] + 10 : headers[3] + 300] = b"\x55" * 290
    elif fault == "huge size":
        header = special("3.png", tarfile.REGTYPE)
        header.size = 1 << 60
        data[headers[3] : headers[3] + 512] = header.tobuf(tarfile.GNU_FORMAT)
    else:
        data, kept = bytearray(b"no tar at all" * 100), 0
    write("in/bad.tar", pack(bytes(data)))
    web_shard("in/good.tar", [8, 9])
    code, lines, err = add("in/bad.tar", "in/good.tar")
    failed = [line for line in lines if not line["ok"]]
    if fault == "huge size" and pack is gzip.compress:  # a stream has no end to hold it against
        assert "more than" in failed[0]["error"]["message"]
        failed = failed[1:]
    assert code == 1
    assert states(lines)["added"] == kept + 2
    assert [line["file"] for line in failed] == ["in/bad.tar"]
    assert failed[0]["error"]["kind"] == "container", failed
    assert "in/bad.tar: the tar shard" in err
    _, lines, err = add("in/bad.tar", "in/good.tar")
    assert (states(lines), "failed before" in err) == ({"known": kept + 2}, True)
    write("in/bad.tar", whole)
    os.utime("in/bad.tar", (2e9, 2e9))
    code, lines, _ = add("--retry-failed")
    assert (code, states(lines)) == (0, +Counter(known=kept, added=5 - kept))
    assert failures() == {}


@pytest.mark.parametrize("kind", [tarfile.GNUTYPE_LONGNAME, tarfile.XHDTYPE, tarfile.XGLTYPE])
def test_headers_are_not_read_whatever_their_size(add, kind):
    info = special("x", kind)
    info.size = 1 << 40
    write("in/a.tar", info.tobuf(tarfile.GNU_FORMAT) + bytes(10_000))
    _, lines, err = add("in/a.tar")
    assert [line["error"]["kind"] for line in lines] == ["container"]
    assert "impossible size" in err


def test_a_negative_size_ends_a_shard(add):
    pax = b"15 size=-51200\n"
    head = special("pax", tarfile.XHDTYPE)
    head.size = len(pax)
    data = tar_of(("0.png", picture(0)))[:-10240]
    body = head.tobuf(tarfile.GNU_FORMAT) + pax.ljust(512, b"\0") + special("1.png", tarfile.REGTYPE).tobuf()
    write("in/a.tar", data.rstrip(b"\0").ljust(-(-len(data) // 512) * 512, b"\0") + body + bytes(10_240))
    _, lines, _ = add("in/a.tar")
    assert [line.get("error", {}).get("kind") for line in lines if not line["ok"]] == ["container"]


def test_failed_members_are_tried_again_alone(add, monkeypatch):
    members = [
        ("good.png", picture(1)),
        ("bad.png", b"no picture"),
        ("other.json", b"{}"),
        ("worse.png", b""),
    ]
    write("in/a.tar", tar_of(*members))
    write("in/a.tar.gz", gzip.compress(tar_of(*members[:2])))
    assert states(add("in/a.tar", "in/a.tar.gz")[1]) == {"added": 1, "duplicate": 1, "failed": 3}
    assert set(failures()) == {"a.tar/bad.png", "a.tar/worse.png", "a.tar.gz/bad.png"}
    opened = []
    real = tar.members
    monkeypatch.setattr(tar, "members", lambda *args: opened.append(args[0].whole.path) or real(*args))
    code, lines, _ = add("--retry-failed")
    assert (code, sorted(opened)) == (1, ["a.tar", "a.tar.gz"])
    assert sorted(line["file"].rpartition("in/")[2] for line in lines) == [
        "a.tar.gz/bad.png", "a.tar/bad.png", "a.tar/worse.png",
    ]  # fmt: skip
    write("in/a.tar", tar_of(("bad.png", picture(5)), ("worse.png", b"")))
    os.utime("in/a.tar", (2e9, 2e9))
    assert states(add("--retry-failed")[1]) == {"added": 1, "failed": 2}
    assert set(failures()) == {"a.tar/worse.png", "a.tar.gz/bad.png"}
    Path("in/a.tar").unlink()
    add("--retry-failed")
    assert set(failures()) == {"a.tar.gz/bad.png"}


def test_a_shard_in_a_folder_is_not_opened_and_none_in_place(add):
    web_shard("b.tar", [1])
    write("in/a.png", picture(0))
    Path("b.tar").rename("in/b.tar")
    assert states(add("in")[1]) == {"added": 1}
    for inputs in (("in/b.tar",), ("in", "in/b.tar"), ("memory://x/a.png",)):
        code, lines, err = add(*inputs, "--in-place")
        assert (code, [line["ok"] for line in lines], "cannot be opened in place" in err) == (
            2,
            [False],
            True,
        )
    code, lines, _ = add("in/*", "--in-place")
    assert (code, states(lines)) == (1, {"known": 1, "failed": 1})


def test_a_shard_that_is_not_there(add):
    code, _, err = add("gone-{0..1}.tar")
    assert (code, err.count("No such file or directory")) == (1, 2)
    assert failures() == {}
    Path("folder.tar").mkdir()
    write("folder.tar/a.png", picture(0))
    assert states(add("folder.tar")[1]) == {"added": 1}


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("a", ["a"]),
        ("{a}{}{..}", ["{a}{}{..}"]),
        ("x-{00..02}.tar", ["x-00.tar", "x-01.tar", "x-02.tar"]),
        ("{8..10}", ["8", "9", "10"]),
        ("{08..10}", ["08", "09", "10"]),
        ("{3..1}", ["3", "2", "1"]),
        ("{0..9..4}", ["0", "4", "8"]),
        ("{-1..1}", ["-1", "0", "1"]),
        ("{a..c}", ["a", "b", "c"]),
        ("{x,y{0..1}}z{,2}", ["xz", "xz2", "y0z", "y0z2", "y1z", "y1z2"]),
        ("{a,b", ["{a,b"]),
        ("{{a,b}", ["{a", "{b"]),
    ],
)
def test_braces(text, names):
    assert list(expanded(text)) == names


def test_braces_are_expanded_as_they_are_asked_for():
    names = expanded("x{0..999999999999999}")
    assert [next(names) for _ in range(2)] == ["x0", "x1"]


def test_a_list_may_name_shards(add, monkeypatch):
    Path("s").mkdir()
    web_shard("s/0.tar", [0])
    web_shard("s/1.tar", [1])
    table("s/t.parquet", {"jpg": [picture(2)]})
    listed = b"s/{0..1}.tar\ns/t.parquet\n"
    monkeypatch.setattr(sys, "stdin", type("Stdin", (), {"buffer": io.BytesIO(listed)}))
    assert states(add("-")[1]) == {"added": 3}
    assert set(places()) == {"s/0.tar/000000.jpg", "s/1.tar/000001.jpg", "s/t.parquet/0"}


def test_a_dry_run_keeps_no_picture(add):
    write("in/a.tar.gz", gzip.compress(tar_of(("0.png", picture(0)), ("1.png", b"none"))))
    code, lines, err = add("in/a.tar.gz", "--dry-run")
    assert (code, [line["ok"] for line in lines], "nothing was sent" in err) == (0, [True, True], True)
    assert places() == {}


# Parquet files.


def test_a_data_set_of_hugging_face(add, unread):
    import pyarrow as pa

    images = [{"bytes": picture(n), "path": f"cats/{n}.png"} for n in range(5)]
    images[2] = {"bytes": None, "path": "/etc/passwd.png"}
    images[3] = None
    images[4]["path"] = None
    Path("data").mkdir()
    table("data/train.parquet", {"image": images, "label": range(5), "id": list("abcde")}, row_group_size=2)
    code, lines, err = add("data/train.parquet")
    assert (code, states(lines)) == (0, {"added": 3})
    assert "2 rows without the bytes of a picture" in err
    assert set(places()) == {f"train.parquet/{name}" for name in ("cats/0.png", "cats/1.png", "e")}
    assert places()["train.parquet/e"][0] == id_of(picture(4))
    table("data/train.parquet", {"image": pa.array([images[0], images[1], images[0]]), "x": [1, 2, 3]})
    os.utime("data/train.parquet", (2e9, 2e9))
    assert states(add("data/train.parquet")[1]) == {"known": 2, "duplicate": 1}
    assert "train.parquet/cats/0 (2).png" in places()
    unread()
    assert states(add("data/*.parquet")[1]) == {"known": 3}


@pytest.mark.parametrize(
    ("columns", "names"),
    [
        ({"content": [picture(0)], "url": ["https://u:p@h/x/y.png?sig=1"]}, {"y.png"}),
        ({"bytes": [picture(0)], "jpg": [picture(1)], "key": ["k"], "path": ["p"]}, {"k"}),
        ({"JPG": [picture(0)]}, {"0"}),
        ({"png": [picture(0)], "__key__": ["../../a\x00b"]}, {"a_b"}),
        ({"webp": [picture(0), picture(1)], "file_name": ["a", None]}, {"a", "1"}),
    ],
)
def test_columns_are_found_by_their_names(add, columns, names):
    Path("in").mkdir()
    table("in/t.parquet", columns)
    code, _, _ = add("in/t.parquet")
    assert (code, set(places())) == (0, {f"t.parquet/{name}" for name in names})


def test_a_column_can_be_named(add):
    both = [{"bytes": picture(0), "path": "a.png"}], [{"bytes": picture(1), "path": "a.png"}]
    Path("in").mkdir()
    table("in/t.parquet", {"left": both[0], "right": both[1], "n": [1], "odd": [b"x"]})
    table("in/none.parquet", {"n": [1], "emb": [b"x"]})
    code, lines, err = add("in/t.parquet", "in/none.parquet")
    assert (code, states(lines)) == (1, {"failed": 2})
    assert "several columns hold pictures: it has left (struct<" in err
    assert "no column is known to hold pictures: it has n (int64), emb (binary)" in err
    assert "data.parquet#COLUMN" in err
    assert states(add("in/t.parquet#left", "in/t*.parquet#right")[1]) == {"added": 2}
    assert set(places()) == {"t.parquet#left/a.png", "t.parquet#right/a.png"}
    assert "no column 'n' with pictures' bytes" in add("in/t.parquet#n")[2]
    assert states(add("in/t.parquet#odd")[1]) == {"failed": 1}
    assert failures()["t.parquet#odd/0"].kind == "image"
    assert [line["file"].rpartition("/in/")[2] for line in add("--retry-failed")[1]][-1] == "t.parquet#odd/0"


@pytest.mark.parametrize("fault", ["cut", "text", "page", "footer"])
def test_a_damaged_parquet_file_is_one_failed_item(add, fault):
    Path("in").mkdir()
    columns = {"image": [{"bytes": picture(n), "path": f"{n}.png"} for n in range(6)]}
    table("in/t.parquet", columns, row_group_size=2, compression="snappy", write_page_checksum=True)
    data, kept = bytearray(Path("in/t.parquet").read_bytes()), 0
    if fault == "cut":
        del data[-20:]
    elif fault == "text":
        data = bytearray(b"PAR1 is not enough PAR1")
    elif fault == "page":
        at, kept = data.index(picture(3)[100:120]), 2
        data[at : at + 300] = b"\xff" * 300
    else:
        data[-8:-4] = (1 << 30).to_bytes(4, "little")
    write("in/t.parquet", bytes(data))
    code, lines, err = add("in/t.parquet", "--tag", "x")
    failed = [line for line in lines if not line["ok"]]
    assert (code, [line["file"] for line in failed]) == (1 if len(lines) > 1 else 2, ["in/t.parquet"])
    assert failed[0]["error"]["kind"] == "container"
    assert "the Parquet file cannot be read on" in err
    assert len(lines) - 1 == kept


def test_what_is_missing_is_named(add, monkeypatch):
    table("t.parquet", {"jpg": [picture(0)]})
    monkeypatch.setitem(sys.modules, "pyarrow.parquet", None)
    code, _, err = add("t.parquet")
    assert (code, "pip install 'promptcodec[archive]'" in err) == (4, True)
    code, _, err = add("s3://bucket/a.png")
    assert (code, "s3:// needs s3fs: pip install s3fs" in err) == (4, True)
    monkeypatch.setitem(sys.modules, "fsspec.core", None)
    code, _, err = add("memory://a.png")
    assert (code, "pip install 'promptcodec[archive]'" in err) == (4, True)


def test_braces_stand_for_a_million_names_at_most(add, monkeypatch):
    monkeypatch.setattr("promptcodec.cli.archive.inputs._MOST_NAMES", 3)
    assert add("{a,b,c}.jpg")[0] == 1
    code, _, err = add("x{0..999999999999}.tar")
    assert code == 2
    assert "x{0..999999999999}.tar stands for more than 3 names" in err


def test_views_are_pictures_and_rows_are_named_by_numbers_and_categories(add):
    import pyarrow as pa

    views = pa.array([picture(1), picture(2)], pa.binary_view())
    table("a.parquet", {"image": views, "id": pa.array([70, 80])})
    table("b.parquet", {"image": views, "key": pa.array(["x", "y"]).dictionary_encode()})
    assert add("a.parquet", "b.parquet")[0] == 0
    assert set(places()) == {"a.parquet/70", "a.parquet/80", "b.parquet/x", "b.parquet/y"}
