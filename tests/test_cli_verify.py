"""``verify`` reads every part and names those that cannot be read."""

from __future__ import annotations

import binascii
import json

from promptcodec import bitstream, encode
from promptcodec.bitstream import Part, Stream


def test_good_and_bad_parts(scene, once, cli, tmp_path):
    layers = ("semantic", "texture", "structure")
    stream = bitstream.read(once(encode, scene, budget=90, layers=layers))
    (tmp_path / "good.pxt").write_bytes(bitstream.write(stream))
    bad = [Part(part.type, b"\xff" * 9) if part.type in (2, 3, 8) else part for part in stream.parts]
    (tmp_path / "bad.pxt").write_bytes(bitstream.write(Stream(64, 64, tuple(bad))))
    code, out, _ = cli("verify", tmp_path, "--json")
    assert code == 1
    results = {result["file"].rpartition("/")[2]: result for result in map(json.loads, out.splitlines())}
    assert results["good.pxt"]["ok"]
    assert [part["type"] for part in results["good.pxt"]["parts"]][:2] == ["semantic", "texture"]
    message = results["bad.pxt"]["error"]["message"]
    assert "texture" in message
    assert "structure" in message
    assert "semantic" not in message
    assert cli("verify", tmp_path / "good.pxt")[0] == 0
    assert cli("verify", tmp_path / "bad.pxt")[0] == 2


def test_unknown_parts(scene, once, cli, tmp_path):
    known = bitstream.read(once(encode, scene, budget=100)).parts
    for critical, code in ((False, 0), (True, 2)):
        stream = Stream(9, 9, (*known, Part(33, b"new", critical=critical)))
        (tmp_path / "new.pxt").write_bytes(bitstream.write(stream))
        exit_code, out, err = cli("verify", tmp_path / "new.pxt")
        assert exit_code == code
        assert "unknown-33" in out + err


def draft(data):
    """Make a stream of version 0 of one of this version."""
    stream = data[:2] + b"0" + data[3:-2]
    return stream + binascii.crc_hqx(stream, 0xFFFF).to_bytes(2, "big")


def test_migrate(scene, once, cli, tmp_path):
    data = once(encode, scene, budget=100)
    old, new = tmp_path / "old.pxt", tmp_path / "new.pxt"
    old.write_bytes(draft(data))
    code, _, err = cli("inspect", old)
    assert code == 2
    assert "promptcodec migrate" in err
    assert cli("migrate", old, "-o", new)[0] == 0
    assert new.read_bytes() == data
    assert cli("migrate", new, "-o", tmp_path / "again.pxt")[0] == 2
    old.write_bytes(draft(bitstream.write(Stream(9, 9, (Part(2, b"\xff" * 9),)))))
    code, _, err = cli("migrate", old, "-o", tmp_path / "third.pxt")
    assert code == 2
    assert "texture" in err
    assert not (tmp_path / "third.pxt").exists()
