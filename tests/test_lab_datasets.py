"""Datasets of the laboratory, in the layouts they are given out in."""

import io
import json
import tarfile

import pytest
from PIL import Image

from eval import datasets
from eval.missing import Unavailable


def picture(path, colour="red", size=(12, 8)):
    path.parent.mkdir(parents=True, exist_ok=True)
    Image.new("RGB", size, colour).save(path)


def listed(root, **entry):
    return datasets.items({"name": "set", **entry}, root)


@pytest.fixture
def pku(tmp_path):
    """PKU-AIGI-500K as it is given out, with few pictures."""
    for family in ("SD-2_1-B", "SD-2_1", "SD-XL", "MJ", "MOD"):
        for split, texts in (("train", "train.txt"), ("val", "vaild.txt")):
            lines = [f"{family} {split} prompt {number}" for number in range(1, 12)]
            lines[1] = f'{family} {split} with\u2028a separator and <b>, "quotes"'
            (tmp_path / family).mkdir(exist_ok=True)
            (tmp_path / family / texts).write_bytes(("\n".join(lines) + "\n").encode())
            for name in ("1_1", "1_2", "2_1", "10_1", "11_4"):
                picture(tmp_path / family / split / f"{name}.png")
    (tmp_path / "MJ" / "val" / "Thumbs.db").write_bytes(b"x")
    return tmp_path


def test_pku_pictures_are_matched_with_the_line_of_their_prompt(pku):
    items = listed(pku, kind="pku-aigi-500k")
    assert len(items) == 25
    by_name = {item.image: item for item in items}
    assert by_name["MJ/val/1_2.png"].prompt == "MJ val prompt 1"
    assert by_name["SD-XL/val/2_1.png"].prompt == 'SD-XL val with\u2028a separator and <b>, "quotes"'
    assert by_name["SD-2_1-B/val/11_4.png"].prompt == "SD-2_1-B val prompt 11"
    assert by_name["MOD/val/10_1.png"].family == "MOD"
    order = [item.image for item in items if item.family == "MJ"]
    assert order == [f"MJ/val/{name}.png" for name in ("1_1", "1_2", "2_1", "10_1", "11_4")]


def test_a_lone_carriage_return_ends_no_prompt(pku):
    (pku / "MJ" / "vaild.txt").write_bytes(b"a\rb\r\nsecond\n" + b"x\n" * 9)
    prompts = {item.image: item.prompt for item in listed(pku, kind="pku-aigi-500k", families=["MJ"])}
    assert prompts["MJ/val/1_1.png"] == "a\rb"
    assert prompts["MJ/val/2_1.png"] == "second"


def test_pku_splits_and_families(pku):
    items = listed(pku, kind="pku-aigi-500k", split="train", families=["MJ"], by_family=True)
    assert {item.dataset for item in items} == {"set/MJ"}
    assert items[0].prompt == "MJ train prompt 1"
    with pytest.raises(Unavailable, match="no split 'test'"):
        listed(pku, kind="pku-aigi-500k", split="test")
    picture(pku / "MJ" / "val" / "12_1.png")
    with pytest.raises(Unavailable, match=r"MJ/val/12_1\.png: vaild\.txt has no line 12"):
        listed(pku, kind="pku-aigi-500k")
    (pku / "MJ" / "vaild.txt").unlink()
    with pytest.raises(Unavailable, match=r"no vaild\.txt"):
        listed(pku, kind="pku-aigi-500k")


def test_spread_takes_families_in_turn(pku):
    items = listed(pku, kind="pku-aigi-500k", spread=True, limit=7)
    assert [item.family for item in items] == [
        "SD-2_1-B",
        "SD-2_1",
        "SD-XL",
        "MJ",
        "MOD",
        "SD-2_1-B",
        "SD-2_1",
    ]


def test_agiqa_3k(tmp_path):
    picture(tmp_path / "AttnGAN_normal_000.jpg")
    picture(tmp_path / "images" / "sd1.5_lowcorr_004.jpg")
    (tmp_path / "data.csv").write_text(
        "name,prompt,adj1,adj2,style,mos_quality,std_quality,mos_align,std_align\n"
        'AttnGAN_normal_000.jpg,"a dog, running",,,,1.1,0.1,0.5,0.1\n'
        "sd1.5_lowcorr_004.jpg,statue,,,,2,0.1,0.5,0.1\nabsent_1.jpg,x,,,,2,0.1,0.5,0.1\n"
    )
    items = listed(tmp_path, kind="agiqa-3k")
    assert [(item.image, item.prompt, item.family) for item in items] == [
        ("AttnGAN_normal_000.jpg", "a dog, running", "AttnGAN"),
        ("sd1.5_lowcorr_004.jpg", "statue", "sd1.5"),
    ]
    assert items[1].load().size == (12, 8)


def test_diffusiondb(tmp_path):
    picture(tmp_path / "part-000001" / "a.png")
    prompts = {"a.png": {"p": "a castle", "se": 1, "c": 7.0, "st": 50, "sa": "k_lms"}, "gone.png": {"p": "x"}}
    (tmp_path / "part-000001" / "part-000001.json").write_text(json.dumps(prompts))
    (item,) = listed(tmp_path, kind="diffusiondb")
    assert (item.image, item.prompt) == ("part-000001/a.png", "a castle")


def test_webdataset_tars_are_read_without_unpacking(tmp_path):
    def add(tar, name, data):
        info = tarfile.TarInfo(name)
        info.size = len(data)
        tar.addfile(info, io.BytesIO(data))

    out = io.BytesIO()
    Image.new("RGB", (5, 7), "blue").save(out, "PNG")
    with tarfile.open(tmp_path / "00000.tar", "w") as tar:
        add(tar, "000.png", out.getvalue())
        add(tar, "000.txt", b"a blue card\n")
        add(tar, "001.png", out.getvalue())
        add(tar, "001.json", json.dumps({"caption": "another"}).encode())
        add(tar, "002.png", out.getvalue())
        add(tar, "002.json", b"no json")
        add(tar, "003.txt", b"no picture")
    items = listed(tmp_path, kind="webdataset")
    assert [(item.image, item.prompt) for item in items] == [
        ("00000.tar:000.png", "a blue card"), ("00000.tar:001.png", "another"), ("00000.tar:002.png", ""),
    ]  # fmt: skip
    assert items[0].load().size == (5, 7)
    assert items[0].load().getpixel((0, 0)) == (0, 0, 255)
    for split in ("train", "val"):  # the same names in both
        (tmp_path / "splits" / split).mkdir(parents=True)
        (tmp_path / "splits" / split / "0.tar").write_bytes((tmp_path / "00000.tar").read_bytes())
    items = listed(tmp_path / "splits", kind="webdataset")
    assert len({item.image for item in items}) == 6


def test_folders_with_prompts_and_test_sets(tmp_path):
    picture(tmp_path / "flat" / "b.png", size=(40, 20))
    picture(tmp_path / "flat" / "sub" / "a.jpg")
    line = {"file": "b.png", "prompt": "a <tag>", "model": "Stable Diffusion 2.1 base"}
    (tmp_path / "flat" / "prompts.jsonl").write_text(json.dumps(line) + "\n")
    items = listed(tmp_path, kind="folder", path="flat", side=10)
    assert [(item.image, item.prompt, item.family) for item in items] == [
        ("b.png", "a <tag>", "SD 2"), ("sub/a.jpg", "", ""),
    ]  # fmt: skip
    assert [item.load().size for item in items] == [(10, 5), (10, 7)]
    for name in ("kodim01.png", "kodim24.png", "other.png"):
        picture(tmp_path / "kodak" / name)
    assert [item.image for item in listed(tmp_path, kind="kodak", path="kodak")] == [
        "kodim01.png",
        "kodim24.png",
    ]
    picture(tmp_path / "div2k" / "DIV2K_valid_HR" / "0801.png")
    picture(tmp_path / "div2k" / "DIV2K_train_HR" / "0001.png")
    assert [item.image for item in listed(tmp_path, kind="div2k", path="div2k")] == ["0801.png"]
    picture(tmp_path / "tecnick" / "RGB" / "RGB_OR_1200x1200" / "RGB_OR_1200x1200_001.png")
    assert len(listed(tmp_path, kind="tecnick", path="tecnick")) == 1
    picture(tmp_path / "clic" / "mobile" / "x.png")
    assert [item.image for item in listed(tmp_path, kind="clic", path="clic")] == ["mobile/x.png"]


def test_what_is_not_there_is_said(tmp_path):
    (tmp_path / "empty").mkdir()
    for entry, reason in (
        ({"kind": "kodak", "path": "nowhere"}, "no nowhere in"),
        ({"kind": "kodak", "path": "empty"}, "no picture in empty"),
        ({"kind": "unheard"}, "no dataset kind 'unheard'"),
        ({"kind": "agiqa-3k", "path": "empty"}, r"no data\.csv"),
    ):
        with pytest.raises(Unavailable, match=reason):
            listed(tmp_path, **entry)
