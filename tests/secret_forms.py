"""Secrets as people leave them in recipes: many forms of values drawn by a seed, and many places for them."""

from __future__ import annotations

import base64
import io
import json
import string
import sys
import urllib.parse
from pathlib import Path

from PIL import Image

sys.path.append(str(Path(__file__).parent))
import recipe_files

LOWER, DIGITS = string.ascii_lowercase, string.digits
BASE62 = string.ascii_letters + DIGITS
HEXES = "0123456789abcdef"
NAMES = ("marguerite", "thaddeus", "okonkwo", "jürgen", "li-wei", "Ильяс", "sørina")
HOSTS = ("workbench", "atelier", "render7", "bigbox")


def run(draw, letters, count):
    """``count`` letters, among them a digit where there are digits to draw."""
    drawn = [draw.choice(letters) for _ in range(count)]
    digits = [letter for letter in letters if letter.isdigit()]
    if digits:
        drawn[draw.randrange(1, count - 1)] = draw.choice(digits)
    return "".join(drawn)


def prefixed(prefix, letters, count):
    return lambda draw: (secret := prefix + run(draw, letters, count), secret)


def under(template, letters=BASE62, count=24):
    """A secret without a form of its own, in a text that says what it is."""
    return lambda draw: (secret := run(draw, letters, count), template.replace("@@", secret))


def named(template):
    """A person's name in a text."""
    return lambda draw: (name := draw.choice(NAMES) + run(draw, LOWER, 4), template.replace("@@", name))


def around(form, change):
    """Another form, coded once more."""

    def coded(draw):
        secret, text = form(draw)
        return secret, change(text)

    return coded


def to_base64(text):
    return base64.b64encode(text.encode()).decode()


TOKENS = {
    "Hugging Face": prefixed("hf_", string.ascii_letters + DIGITS, 34),
    "OpenAI project": prefixed("sk-proj-", BASE62 + "_-", 90),
    "OpenAI service": prefixed("sk-svcacct-", BASE62, 60),
    "Anthropic": prefixed("sk-ant-api03-", BASE62 + "_-", 86),
    "OpenRouter": prefixed("sk-or-v1-", HEXES, 64),
    "Stability": prefixed("sk-", BASE62, 48),
    "Groq": prefixed("gsk_", BASE62, 52),
    "Replicate": prefixed("r8_", BASE62, 37),
    "GitHub": prefixed("gho_", BASE62, 36),
    "GitHub, of fine grain": prefixed("github_pat_", BASE62, 60),
    "GitLab": prefixed("glpat-", BASE62, 20),
    "Google": prefixed("AIzaSy", BASE62 + "_-", 33),
    "AWS": prefixed("ASIA", string.ascii_uppercase + "234567", 16),
    "Slack": prefixed("xoxp-", DIGITS, 44),
    "Stripe": prefixed("rk_live_", BASE62, 24),
    "npm": prefixed("npm_", BASE62, 36),
    "PyPI": prefixed("pypi-AgEIcHlwaS5vcmcCJ", BASE62, 80),
    "xAI": prefixed("xai-", BASE62, 80),
    "NVIDIA": prefixed("nvapi-", BASE62 + "_-", 64),
    "Perplexity": prefixed("pplx-", BASE62, 48),
    "SendGrid": lambda draw: (secret := f"SG.{run(draw, BASE62, 22)}.{run(draw, BASE62, 43)}", secret),
    "Telegram": lambda draw: (secret := f"{draw.randrange(10**8, 10**9)}:AA{run(draw, BASE62, 33)}", secret),
    "Discord": lambda draw: (
        secret := f"M{run(draw, BASE62, 23)}.{run(draw, BASE62, 6)}.{run(draw, BASE62, 38)}",
        secret,
    ),
    "JWT": lambda draw: (
        secret := ".".join(
            to_base64(json.dumps(part)).rstrip("=")
            for part in ({"alg": "ES256"}, {"sub": run(draw, LOWER, 9)})
        )
        + "."
        + run(draw, BASE62, 43),
        secret,
    ),
    "fal": lambda draw: (
        secret := "-".join(run(draw, HEXES, n) for n in (8, 4, 4, 4, 12)) + ":" + run(draw, HEXES, 32),
        secret,
    ),
    "no known form": lambda draw: (secret := run(draw, BASE62, 44), secret),
    "hexadecimal": lambda draw: (secret := run(draw, HEXES, 48), secret),
    "SSH key": lambda draw: (
        secret := "AAAAC3NzaC1lZDI1" + run(draw, BASE62, 52),
        f"ssh-ed25519 {secret} me@desk",
    ),
}
ASSIGNED = {
    "camel": under('"openRouterApiKey": "@@"'),
    "snake": under('"comfy_org_auth_token": "@@"', LOWER + DIGITS, 12),
    "shell": under("export CIVITAI_API_TOKEN=@@", HEXES, 32),
    "Windows' shell": under("set STABILITY_KEY=@@", LOWER + DIGITS, 14),
    "option": under("python main.py --api-key @@ --listen", LOWER + DIGITS, 18),
    "header": under("X-Api-Key: @@", LOWER + DIGITS, 20),
    "basic": lambda draw: (
        secret := to_base64(f"{draw.choice(NAMES[:3])}:{run(draw, BASE62, 11)}"),
        f"proxy-authorization: Basic {secret}",
    ),
    "bearer": under("authorization: bearer @@", LOWER + DIGITS, 28),
    "password in words": under("my password is @@ do not share", LOWER + DIGITS, 9),
    "German": under("Passwort: @@", LOWER, 10),
    "single quotes": under("{'smtp_pass': '@@', 'port': 25}", LOWER + DIGITS, 10),
    "escaped": under('{\\"clientSecret\\": \\"@@\\"}', LOWER + DIGITS, 16),
    "XML": under("<refresh_token>@@</refresh_token>", LOWER + DIGITS, 19),
    "pair": under('["Authorization", "Bearer @@"]', LOWER + DIGITS, 22),
    "cookie": under("Set-Cookie: remember_me=@@; Path=/", LOWER + DIGITS, 21),
    "PEM": under("-----BEGIN EC PRIVATE KEY----- @@ -----END EC PRIVATE KEY-----", BASE62, 64),
    "address with a password": under("postgres://render:@@@db.example.net:5432/jobs", LOWER + DIGITS, 11),
    "address with a key": under("https://@@@huggingface.co/me/x", LOWER + DIGITS, 20),
    "query": under("https://civitai.com/api/download/models/77?type=Model&token=@@", HEXES, 32),
    "signed": under(
        "https://cdn.example.net/a.png?Expires=1900000000&Signature=@@&Key-Pair-Id=K", BASE62, 60
    ),
    "Azure": under("https://acct.blob.core.windows.net/c/a.png?sv=2022&sig=@@%3D", BASE62, 40),
    "Discord webhook": under("https://discord.com/api/webhooks/1122334455/@@", BASE62, 68),
    "Slack webhook": under("https://hooks.slack.com/services/T02AB/B03CD/@@", BASE62, 24),
}
PLACES = {
    "Windows": named("D:\\Users\\@@\\Pictures\\out.png"),
    "Windows, old": named("C:/Documents and Settings/@@/Desktop/in.jpg"),
    "Windows, bare": named("C:\\Users\\@@"),
    "Windows, long": named("\\\\?\\C:\\Users\\@@\\a\\b.png"),
    "share": named("\\\\fileserver\\@@\\renders\\a.png"),
    "WSL": named("\\\\wsl.localhost\\Debian\\home\\@@\\comfy\\a.png"),
    "WSL, other way": named("/mnt/d/Users/@@/comfy/a.png"),
    "Linux": named("/home/@@/stable-diffusion/models/x.safetensors"),
    "Linux, bare": named("/home/@@"),
    "cluster": named("/gpfs/scratch/@@/run3/out"),
    "second disk": named("/home2/@@/out/a.png"),
    "macOS": named("/Users/@@/Library/Application Support/app/a.json"),
    "volume": named("/Volumes/@@ SSD/set/a.png"),
    "stick": named("/media/@@/USB/a.png"),
    "address of a file": named("file:///Users/@@/Desktop/a%20b.png"),
    "home of": named("~@@/pics/a.png"),
    "relative": named("../../../home/@@/a.png"),
    "variable": named("${HOME}/../@@"),
    "inside brackets": named("[init=/home/@@/a.png]"),
    "with an equals sign": named("output_dir=/home/@@/renders"),
    "name in the file's name": named("/home/@@/@@-portrait.png"),
    "percent": around(named("/home/@@/a b.png"), lambda text: urllib.parse.quote(text, safe="")),
    "percent, twice": around(
        named("C:\\Users\\@@\\a.png"),
        lambda text: urllib.parse.quote(urllib.parse.quote(text, safe=""), safe=""),
    ),
    "base64": around(named("/Users/@@/Desktop/a.png"), to_base64),
    "escapes": around(named("/home/@@/a.png"), lambda text: text.replace("/", "\\u002f")),
    "entities": around(named("/home/@@/a.png"), lambda text: text.replace("/", "&#x2F;")),
}
PEOPLE = {
    "mail": named("@@@example.co.uk"),
    "mail in words": named("write to @@ [at] example [dot] org please"),
    "mail without a domain": named("@@@atelier"),
    "mail, percent": named("mailto:@@%40example.org"),
    "user": named('"user_name": "@@"'),
    "user, camel": named('"createdBy": "@@"'),
    "user, nested": named('"owner": {"login": "@@", "plan": "pro"}'),
    "author": named("CreatedBy: @@, Model: x"),
    "host": lambda draw: (
        host := f"{draw.choice(HOSTS)}-{run(draw, LOWER, 5)}",
        f"http://{host}:8188/view?filename=a.png",
    ),
    "host, local": lambda draw: (host := f"{draw.choice(HOSTS)}{run(draw, LOWER, 4)}", f"{host}.local"),
    "machine": lambda draw: (host := f"{draw.choice(HOSTS)}-{run(draw, LOWER, 5)}", f'"hostname": "{host}"'),
    "private address": lambda draw: (
        ip := f"10.{draw.randrange(256)}.{draw.randrange(256)}.{draw.randrange(1, 255)}",
        ip,
    ),
    "address and port": lambda draw: (
        ip := f"172.20.{draw.randrange(256)}.{draw.randrange(1, 255)}",
        f"ws://{ip}:8188/ws",
    ),
    "IPv6": lambda draw: (
        ip := f"fd12:{run(draw, HEXES, 4)}:{run(draw, HEXES, 4)}::{run(draw, '123456789', 3)}",
        ip,
    ),
    "MAC": lambda draw: (mac := ":".join(run(draw, HEXES, 3)[:2] for _ in range(6)), mac),
    "phone": lambda draw: (phone := f"+44 20 7946 {draw.randrange(1000, 9999)}", f"call {phone} now"),
    "phone, American": lambda draw: (phone := f"(415) 555-{draw.randrange(1000, 9999)}", phone),
}
OTHERS = {
    "card": lambda draw: (
        card := draw.choice(("4012 8888 8888 1881", "5555-5555-5555-4444")),
        f"paid by {card}",
    ),
    "IBAN": lambda draw: (iban := draw.choice(("GB82 WEST 1234 5698 7654 32", "NL91ABNA0417164300")), iban),
    "place": lambda draw: (place := f"{draw.randrange(80)}.{run(draw, DIGITS, 6)}", f'"latitude": {place}'),
    "rights": named("\u00a9 2024 @@"),
    "remote": named("git@git.example.com:@@/private.git"),
    "bucket": named("s3://@@-bucket/loras/x.safetensors"),
    "Windows' machine": lambda draw: (
        host := "DESKTOP-" + run(draw, string.ascii_uppercase + DIGITS, 7),
        host,
    ),
    "shared tunnel": lambda draw: (host := run(draw, HEXES, 18), f"https://{host}.gradio.live/"),
    "login": under("curl -u render:@@ https://api.example.com", LOWER + DIGITS, 12),
    "header in a list": under('[{"key": "X-API-Key", "value": "@@"}]', LOWER + DIGITS, 12),
    "Chinese": under("\u5bc6\u7801\uff1a@@", LOWER + DIGITS, 10),
    "file inside": under("data:image/png;base64,iVBORw0KGgoAAAANSUhEUg@@", BASE62, 60),
    "ids of a shell": lambda draw: (name := "m" + run(draw, LOWER, 8), f"uid=1000({name}) gid=1000({name})"),
}
FORMS = {**OTHERS, **TOKENS, **ASSIGNED, **PLACES, **PEOPLE}

A1111 = (
    "a harbour at dawn\nNegative prompt: fog\n"
    "Steps: 24, Sampler: Euler a, CFG scale: 6, Seed: 77, Size: 512x640"
)
SPACES = {
    "dc": "http://purl.org/dc/elements/1.1/",
    "xmp": "http://ns.adobe.com/xap/1.0/",
    "xmpMM": "http://ns.adobe.com/xap/1.0/mm/",
    "exif": "http://ns.adobe.com/exif/1.0/",
    "aux": "http://ns.adobe.com/exif/1.0/aux/",
    "tiff": "http://ns.adobe.com/tiff/1.0/",
    "photoshop": "http://ns.adobe.com/photoshop/1.0/",
}
RDF = "http://www.w3.org/1999/02/22-rdf-syntax-ns#"


def graph_with(value, key="note"):
    return recipe_files.GRAPH | {"20": recipe_files.node("Keeper", **{key: value}, image=["13", 0])}


def workflow_with(value):
    workflow = recipe_files.workflow_of(recipe_files.GRAPH)
    note = {
        "id": 90,
        "type": "MarkdownNote",
        "mode": 0,
        "inputs": [],
        "outputs": [],
        "widgets_values": [value],
    }
    return workflow | {"nodes": [*workflow["nodes"], note], "extra": {"info": {"text": value}}}


def in_exif(text):
    exif = Image.Exif()
    exif[0x010F] = "Prompt: " + json.dumps(graph_with(text), ensure_ascii=True)
    file = io.BytesIO()
    Image.new("RGB", (8, 8)).save(file, "WEBP", exif=exif)
    return file.getvalue()


def in_xmp(text):
    values = {"c": "a bay, " + text, "uc": "n", "seed": 4, "steps": 30, "size": "640x512", "model": "m"}
    packed = json.dumps(values).replace("&", "&amp;").replace("<", "&lt;").replace('"', "&quot;")
    comment = f"<rdf:Alt><rdf:li xml:lang='x-default'>{packed}</rdf:li></rdf:Alt>"
    return recipe_files.png(
        xmp(f"<xmp:CreatorTool>Draw Things</xmp:CreatorTool><exif:UserComment>{comment}</exif:UserComment>")
    )


def xmp(inner, attributes=""):
    """An XMP packet with these properties, as a chunk."""
    spaces = "".join(f' xmlns:{name}="{SPACES[name]}"' for name in SPACES)
    packet = (
        f'<x:xmpmeta xmlns:x="adobe:ns:meta/"><rdf:RDF xmlns:rdf="{RDF}">'
        f'<rdf:Description rdf:about=""{spaces}{attributes}>{inner}</rdf:Description></rdf:RDF></x:xmpmeta>'
    )
    return b"iTXt", b"XML:com.adobe.xmp\0\0\0\0\0" + packet.encode()


def in_itxt(**texts):
    return recipe_files.png(
        *(
            (b"iTXt", key.encode() + b"\0\0\0\0\0" + text.encode(errors="replace"))
            for key, text in texts.items()
        )
    )


def as_line(text):
    return text.replace("\n", " ")


CARRIERS = {
    "prompt": lambda text: in_itxt(parameters=A1111.replace("dawn", "dawn, " + as_line(text))),
    "negative prompt": lambda text: in_itxt(parameters=A1111.replace("fog", "fog " + as_line(text))),
    "setting": lambda text: in_itxt(parameters=f"{A1111}, Init image: {as_line(text)}, Version: v1.9.0"),
    "quoted setting": lambda text: in_itxt(
        parameters=f"{A1111}, Script: {json.dumps(text)}, Version: v1.9.0"
    ),
    "comment in EXIF": lambda text: recipe_files.jpeg_with_comment(f"{A1111}, Init image: {as_line(text)}"),
    "graph": lambda text: in_itxt(prompt=json.dumps(graph_with(text))),
    "graph's prompt": lambda text: in_itxt(
        prompt=json.dumps(recipe_files.GRAPH | {"3": recipe_files.node("Box", Text="a harbour, " + text)})
    ),
    "graph, nested": lambda text: in_itxt(
        prompt=json.dumps(graph_with(json.dumps({"deep": [json.dumps({"x": text})]})), ensure_ascii=False)
    ),
    "workflow": lambda text: in_itxt(
        prompt=json.dumps(recipe_files.GRAPH), workflow=json.dumps(workflow_with(text))
    ),
    "graph in EXIF": in_exif,
    "InvokeAI": lambda text: in_itxt(
        invokeai_metadata=json.dumps(
            {
                "positive_prompt": "a bay",
                "seed": 4,
                "steps": 9,
                "model": {"name": "m"},
                "origin": {"note": text},
            }
        )
    ),
    "SwarmUI": lambda text: in_itxt(
        parameters=json.dumps(
            {"sui_image_params": {"prompt": "a bay", "seed": 4, "steps": 9, "comment": text}}
        )
    ),
    "NovelAI": lambda text: in_itxt(
        Software="NovelAI", Comment=json.dumps({"prompt": "a bay " + text, "seed": 4, "steps": 28, "uc": "n"})
    ),
    "XMP": in_xmp,
    "hidden in alpha": lambda text: recipe_files.stealth(
        f"{A1111}, Init image: {as_line(text)}", packed=True
    ),
}
