"""No secret that was planted in a recipe is in a redacted stream, which can be read; else a warning comes."""

from __future__ import annotations

import json
import random
import subprocess
import sys
import time
import warnings
from pathlib import Path

import pytest

from promptcodec import encode, inspect
from promptcodec.errors import EncodeWarning
from promptcodec.layers import recipe as layer
from promptcodec.recipe import from_chunks, read, read_metadata
from promptcodec.recipe.extract import extract
from promptcodec.recipe.model import fields_of
from promptcodec.recipe.own import own_metadata
from promptcodec.recipe.private.hits import KINDS
from promptcodec.recipe.private.names import kind_of
from promptcodec.recipe.private.text import clean
from promptcodec.recipe.private.values import Private, clean_text
from promptcodec.recipe.redact import findings, redact

sys.path.append(str(Path(__file__).parent))
import recipe_files
import secret_forms

PLANTED = [(form, carrier) for form in secret_forms.FORMS for carrier in secret_forms.CARRIERS]
IN_TURN = [
    (form, list(secret_forms.CARRIERS)[(index + turn * 2) % len(secret_forms.CARRIERS)])
    for index, form in enumerate(secret_forms.FORMS)
    for turn in range(6)
]


def planted(form, carrier, seed=0):
    secret, text = secret_forms.FORMS[form](random.Random(f"{seed} {form} {carrier}"))
    return secret, secret_forms.CARRIERS[carrier](text)


def holds(data, secret):
    return any(secret.encode(encoding) in data for encoding in ("utf-8", "utf-16-le", "utf-16-be"))


def leak(form, carrier, *, seed=0, coded=True):
    """Say what is wrong with a redacted recipe, None where nothing is."""
    secret, data = planted(form, carrier, seed)
    own = own_metadata(read(data))
    if not findings(own):
        return "no warning"
    cleaned = redact(own)
    if not cleaned.chunks:
        return "only fields are left"
    part = layer.encode(cleaned, coder="zstd") if coded else b""
    back = layer.decode(part) if coded else from_chunks(cleaned.chunks)
    if back != cleaned or findings(back):
        return "another recipe"
    settings = back.settings
    if not settings.prompt or settings.seed not in (4, 77) or not settings.steps:
        return "a recipe without its settings"
    shown = json.dumps(layer.to_json(back), ensure_ascii=False)
    raw = part + b"".join(chunk.data for chunk in back.chunks)
    return "the secret" if secret in shown or holds(raw, secret) else None


def test_planted_secrets():
    """Every eighth goes through the coder of streams, which takes most of the time."""
    assert len(set(IN_TURN)) >= 500
    wrong = {place: leak(*place, coded=not index % 8) for index, place in enumerate(IN_TURN)}
    assert {place: kind for place, kind in wrong.items() if kind} == {}


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1, 6))
def test_every_form_in_every_place(seed):
    wrong = {place: leak(*place, seed=seed) for place in PLANTED}
    assert {place: kind for place, kind in wrong.items() if kind} == {}


@pytest.mark.parametrize("form", [*secret_forms.FORMS][::9])
def test_whole_streams(form):
    """With the words, which are drawn from the prompt."""
    secret, data = planted(form, "prompt")
    with pytest.warns(EncodeWarning, match="the recipe to be stored holds"):
        encode(data, recipe="only")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        stream = encode(data, redact=True, layers=("semantic", "recipe"))
    assert not holds(stream, secret)
    assert secret not in json.dumps(inspect(stream), ensure_ascii=False)


def test_the_warning_names_every_kind():
    text = (
        "a bay, /home/jo-m/a.png, jo.m@example.org, hf_" + "q7Rt" * 8 + ", 10.3.2.1\nSteps: 20, Seed: 4, "
        "Api key: k3kd9s, User: jo m, Phone: 5550123, Latitude: 52.51234"
    )
    recipe = own_metadata(read(recipe_files.with_texts(parameters=text)))
    assert set(findings(recipe)) == set(KINDS)
    assert findings(recipe) == KINDS
    assert findings(redact(recipe)) == ()


NAMES = {
    "secrets": "openaiApiKey hf_token X-Api-Key OPENAI_API_KEY apikey accessToken client-secret db_pass pwd "
    "token authorization api_key_2 tokenValue aws_secret_access_key seed_phrase 密码",
    "user names": "user userName created_by author displayName ownerId hostname serial_number ollama_host",
    "phone numbers": "phone mobilePhone",
    "network addresses": "ip client_ip macAddress",
    "places": "GPSLatitude lat gps_position",
    None: "prompt negative_prompt tokens max_tokens pad_token instance_token tokenizer token_normalization "
    "key keyframe sort_key seed steps sampler_name model model_name ckpt_name hires_pass second_pass "
    "class_type cfg_scale clip_name author_note_count ip_adapter machine_learning monkey donkey",
}


@pytest.mark.parametrize("kind", NAMES)
def test_names_of_keys(kind):
    assert {name: kind_of(name) for name in NAMES[kind].split()} == dict.fromkeys(NAMES[kind].split(), kind)


PLAIN = [
    "masterpiece, best quality, 1girl, (red hair:1.2), <lora:add_detail:0.8>, and/or, 24/7, w/ flowers",
    "photo of a password written on a secret door, the key of the token, author of a book",
    "a home/office with users of a data centre, artist:somebody, [cat|dog], 16:9, f/1.8, 1/200s, ISO 100",
    "by artist @ night, 3.5mm, v1.10.1, 1.2.3.4, 127.0.0.1, http://localhost:8188",
    "ponyDiffusionV6XLTurboMerge_v120Pruned.safetensors",
    "waiNSFWIllustriousSDXL_v160",
    "dpmpp_2m_sde_gpu",
    "https://civitai.com/models/4384/dreamshaper?modelVersionId=128713",
    "0f1b80cfe81b9c3bde7fdcbf6898897b2811b27be1df684583c3d85cbc9b1fa4.safetensors",
    "ComfyUI_temp_abcde_00001_.png",
    "2024-05-14-120000_3888671826.png",
    "sdxl_vae_fp16_fix",
    "%date:yyyy-MM-dd%/ComfyUI",
    "Denoising strength: 0.4, Clip skip: 2, Hires upscale: 2, ENSD: 31337, RNG: CPU, Size: 1024x1024",
    "b8a1f0de-1234-4cde-8f01-abcdefabcdef",
]


@pytest.mark.parametrize("text", PLAIN)
def test_what_is_not_private_stays(text):
    assert clean(text, wanted=False) == (text, frozenset())


FILES = {
    "C:\\Users\\jo\\models\\a b.ckpt": "a b.ckpt",
    "/home/jo": "",
    "/home/jo/": "",
    "/home/jo/flux1-dev.safetensors": "flux1-dev.safetensors",
    "file:///Users/jo/x.png": "x.png",
    "\\\\nas\\jo": "",
    "~/a/b.png": "b.png",
    "${HOME}/../jo": "",
    "SDXL\\base.safetensors": "base.safetensors",
    "a cat, /home/jo/in.png, a dog and a long tail of words": "a cat, in.png, a dog and a long tail of words",
    "/home/joseph/joseph_1.png": "******_1.png",
}


@pytest.mark.parametrize("text", FILES)
def test_of_a_path_the_file_stays(text):
    assert clean(text)[0] == FILES[text]


def test_a_secret_is_hidden_where_it_has_no_name():
    graph = recipe_files.GRAPH | {"20": recipe_files.node("Asks", api_key="plainword77", image=["13", 0])}
    workflow = recipe_files.workflow_of(graph)
    data = recipe_files.png(
        recipe_files.text("prompt", json.dumps(graph)), recipe_files.text("workflow", json.dumps(workflow))
    )
    cleaned = redact(read(data))
    assert not any(b"plainword77" in chunk.data for chunk in cleaned.chunks)
    node = json.loads(cleaned.chunks[0].data)["20"]["inputs"]
    assert node == {"api_key": "*" * 11, "image": ["13", 0]}
    assert json.loads(cleaned.chunks[1].data)["links"] == workflow["links"]


def test_the_form_of_what_is_redacted_stays():
    """Numbers as they are spelled, links, the style of the JSON: only what is private changes."""
    text = (
        '{\n  "sui_image_params": {\n    "prompt": "a \\u00e9 \\"b\\" /home/jo/x\\"",\n    "seed": 1,\n'
        '    "steps": 2,\n    "cfgscale": 7.50,\n    "x": 1e400,\n    "y": NaN,\n    "z": -0.0\n  }\n}'
    )
    cleaned = redact(read(recipe_files.with_texts(parameters=text)))
    assert cleaned.chunks[0].data.decode() == text.replace("/home/jo/", "")
    quoted = f'{secret_forms.A1111}, Script: "C:\\\\Users\\\\jo\\\\a.py, \\"x\\"", Version: v1'
    cleaned = redact(read(recipe_files.with_texts(parameters=quoted)))
    assert cleaned.chunks[0].data.decode() == quoted.replace("C:\\\\Users\\\\jo\\\\", "")


ATOMS = (
    *(
        "a cat",
        '"/home/jo/x"',
        "C:\\Users\\jo",
        'C:\\Users\\jo\\"q"',
        "jo@example.org",
        "hf_" + "aB3" * 9,
        "\\",
        '\\"',
    ),
    *(
        '{"api_key":"zz"}',
        "\\\\srv\\share\\",
        "~/",
        "/home/",
        "\u00e9",
        "\u202e",
        "\ud83d\ude00",
        "NaN",
        "\n",
        "\t",
    ),
    *(
        "Negative prompt: ",
        "Steps: 20",
        ", ",
        '"user": "bob"',
        "user: bob",
        '?token=abc"&x',
        "https://u:p@h.example/x",
    ),
    *(
        "\\u0022",
        "\\n",
        "/mnt/a b/c,d",
        "[",
        "}",
        "%22",
        "%5C",
        "&quot;",
        "-----BEGIN X KEY-----",
        "\u2028",
        ":",
        "key=",
    ),
)


def hostile(draw):
    def text():
        return "".join(draw.choice(ATOMS) for _ in range(draw.choice((0, 1, 2, 4))))

    def value(depth=0):
        kind = draw.randrange(6 if depth < 3 else 3)
        if kind < 3:
            return (text(), draw.choice((None, True, -0.0, 10**30, 2.5)), text())[kind]
        if kind == 3:
            return [value(depth + 1) for _ in range(draw.randrange(3))]
        return {text() or "k": value(depth + 1) for _ in range(draw.randrange(3))}

    style = {"ensure_ascii": draw.random() < 0.5, "indent": draw.choice((None, 2, 4))}
    graph = recipe_files.GRAPH | {"20": recipe_files.node(text(), x=value(), y=text(), image=["13", 0])}
    form = draw.randrange(4)
    if form == 0:
        return secret_forms.in_itxt(
            parameters=f"{text()}\nNegative prompt: {text()}\nSteps: 20, Seed: 1, A: {text()}"
        )
    if form == 1:
        return secret_forms.in_itxt(prompt=json.dumps(graph, **style))
    if form == 2:
        own = {"prompt": text(), "model": text(), "seed": 1, "steps": 2, "x": value()}
        return secret_forms.in_itxt(parameters=json.dumps({"sui_image_params": own}, **style))
    return secret_forms.in_xmp(text().replace("\u2028", ""))


def test_what_is_redacted_is_read_again():
    draw = random.Random(5)
    for _ in range(60):
        data = hostile(draw)
        if read(data) is None:
            continue
        for private in (False, True):
            recipe, _ = extract(data, redact=private)
            assert recipe is not None
            back = layer.decode(layer.encode(recipe, coder="zstd"))
            assert (back.chunks, fields_of(back)) == (recipe.chunks, fields_of(recipe))
            if private:
                assert findings(recipe) == ()


HEAVY = (
    "\\",
    "api_key=",
    "a.",
    "%41",
    "-----BEGIN A KEY",
    '{"a":',
    "eyJ",
    "://a:",
    "user: ",
    "/a",
    "QUFB",
    "Steps: 1, ",
)


def test_long_texts_take_little_time():
    start = time.process_time()
    for piece in HEAVY:
        clean_text((piece * 20_000)[:20_000], "x", Private())
    assert time.process_time() - start < 10  # one second


@pytest.mark.parametrize("step", [5, pytest.param(1, marks=pytest.mark.slow)])
def test_real_recipes_stay(data_folder, step):
    """Every fifth sample, or all: prompt, settings and names of models are the same, and nobody is warned."""
    folders = (data_folder / "metadata_samples", data_folder / "eval" / "aigi")
    files = [path for folder in folders for path in sorted(folder.rglob("*")) if path.is_file()]
    checked = 0
    for path in files[::step]:
        recipe = read_metadata(path.read_bytes()).recipe
        if recipe is None:
            continue
        own = own_metadata(recipe)
        cleaned = redact(own)
        assert cleaned.chunks, path.name
        assert cleaned.settings == recipe.settings, path.name
        name, before = cleaned.model.name, recipe.model.name
        assert name == (before and before.replace("\\", "/").rpartition("/")[2])
        assert cleaned.model.hash == recipe.model.hash
        assert findings(own) == (), path.name
        checked += 1
    if not checked:
        pytest.skip("the samples are not there")


LETTERS = "".join(random.Random(8).choices("abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ", k=40))
HIDDEN = {
    f"see hf_{LETTERS[:34]} there": "hf_",
    f"npm_{LETTERS[:36].lower()}": "npm",
    f"glpat-{LETTERS[:20]}": "glpat",
    f"luma-{'ab12cd34-' + '0a1b-' * 3 + '112233445566'}": "0a1b",
    "password -> orchid7lamp": "orchid",
    'os.environ.setdefault("HF_TOKEN", "orchid lamp")': "orchid",
    "mysql -u root -porchidlamp db": "orchid",
    "https://example.org/token/orchid7lamp/view": "orchid",
    "C:\\Users\\Marguerite Öztürk": "ztürk",
    "/Users/Siobhán O'Brian, a bay": "Brian",
    "see /home/ana brian": "brian",
    "\uff23\uff1a\uff3cUsers\uff3cbrian\uff3cx": "brian",
    "http://atelier.local:8188/ui": "atelier",
    "atelier.fritz.box": "atelier",
    "ws://atelier:8188/ws": "atelier",
    "out_192.168.40.41_1": "168",
    "192-168-40-41": "168",
    "00ab.44cd.3ab7": "44cd",
    "taken at 47.376887, 8.541694": "376887",
    "latitude 47.37689 longitude 8.54169": "54169",
    "47°22'36.8\"N 8°32'30.1\"E": "22'",
    "https://www.openstreetmap.org/#map=18/47.3769/8.5417": "47.3769",
    "POINT(8.541694 47.376887)": "376887",
    "brian at example dot com": "brian",
    "brian @ example.com": "brian",
    "call 030 1234567": "123456",
    "passport no: C01X00T47": "C01X",
    "WIFI:T:WPA;S:home;P:orchid;;": "orchid",
}


@pytest.mark.parametrize("text", HIDDEN)
def test_what_is_private_by_its_form(text):
    cleaned, kinds = clean(text)
    assert HIDDEN[text] not in cleaned
    assert kinds <= set(KINDS)
    assert kinds


@pytest.mark.parametrize("text", [
    "user: a man standing", "author: jane austen portrait", "token: elf wizard", "pin: up girl",
    "pass: mountain", "session: yoga at dawn", "cookie: chocolate chip", "login: retro computer screen",
    "salt: himalayan, pink", "home/garden/kitchen interior", "photo of users/home/desktop setup",
    "model hash 31e35c80fc4829d14f90153f4c74cd59c90b779f6afe05a74cd6120b893f7e5b", "c:\\ drive joke",
    "sigmas 14.6146, 9.7534, 7.1234", "coordinates of a star 12.5, 33.7",
    "urn:air:sdxl:checkpoint:civitai:101055@128078",
])  # fmt: skip
def test_the_words_of_a_prompt_stay(text):
    assert clean(text, words=True) == (text, frozenset())


def test_a_name_with_a_colon_hides_what_looks_like_a_secret_in_a_prompt():
    assert clean("a bay, token: orchid77lamp, fog", words=True)[0] == f"a bay, token: {'*' * 12}, fog"


def workflow(**parts):
    return json.dumps({"nodes": [], "links": [], "version": 0.4} | parts)


def test_lists_that_are_no_links_are_cleaned():
    value = workflow(extra={"a": ["/home/marguerite/x.png", 0], "b": ["12:3", 0]})
    assert json.loads(clean_text(value, "", Private()))["extra"] == {"a": ["x.png", 0], "b": ["12:3", 0]}
    graph = {"api_node": {"class_type": "A", "inputs": {"api_key": ["secret_node", 0]}}}
    graph["secret_node"] = {"class_type": "B", "inputs": {}}
    assert json.loads(clean_text(json.dumps(graph), "", Private())) == graph


def test_values_of_widgets_are_judged_by_their_names():
    widgets = [{"name": name, "widget": {"name": name}} for name in ("seed", "api_key", "size")]
    node = {
        "id": 1,
        "inputs": [{"name": "image"}, *widgets],
        "widgets_values": [7, "fixed", "orchid lamp", 5],
    }
    (cleaned,) = json.loads(clean_text(workflow(nodes=[node]), "", Private()))["nodes"]
    assert cleaned["widgets_values"] == [7, "fixed", "*" * 11, 5]


def test_keys_that_stand_twice():
    private = Private()
    text = '{"nodes": [], "a": "/home/marguerite/x", "a": 1, "b": 1.50}'
    assert clean_text(text, "", private) == '{"nodes": [], "a": 1, "b": 1.50}'
    assert private.named() == ("paths",)


def test_the_name_of_a_text_is_cleaned():
    recipe = read(recipe_files.with_texts(**{"/home/marguerite/x": json.dumps(recipe_files.GRAPH)}))
    assert "paths" in findings(recipe)
    assert redact(recipe).chunks[0].key == "x"


def test_many_secrets_take_little_time():
    keys = {f"api_key{index}": f"{index:05}{'abcdefgh' * 2}" for index in range(6000)}
    start = time.process_time()
    cleaned = clean_text(json.dumps(keys | {"note": " ".join(keys.values())}), "", Private())
    assert time.process_time() - start < 10  # one second
    assert "abcdefgh" not in cleaned


def test_warnings_of_the_process_stay_its_own(tmp_path):
    """The library of token patterns takes the warnings of whoever imports it; the host gets them back."""
    file = tmp_path / "s.png"
    file.write_bytes(
        recipe_files.with_texts(parameters="a cat C:\\Users\\bob\\x\nSteps: 2, Seed: 3, Sampler: Euler")
    )
    code = (
        "import sys, warnings\nshown = warnings.showwarning\nimport promptcodec\n"
        "promptcodec.encode(sys.argv[1], recipe='only')\nassert warnings.showwarning is shown"
    )
    done = subprocess.run([sys.executable, "-c", code, file], capture_output=True, text=True, check=True)
    assert "EncodeWarning: the recipe to be stored holds paths" in done.stderr


@pytest.mark.parametrize("address", ["2a02:8109:abcd:12:1:2:3:4", "fd12:3456:789a::1"])
def test_addresses_in_brackets_are_covered_whole(address):
    cleaned, kinds = clean(f"see http://[{address}]:7860/x")
    assert kinds == {"network addresses"}
    assert not any(group in cleaned for group in address.split(":") if len(group) > 1)
