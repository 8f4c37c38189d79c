"""The recipe part: values coded by contexts, guesses and spelling."""

from __future__ import annotations

import json
import re
import zlib
from typing import Any, Iterable, Sequence

from .coder import Decoder, FormatError, Tables, adapt, known, need, read_varint
from .guesses import Guesses, Number, Place, symbol_of
from .text import decode_text

INTEGER, DECIMAL = r"-?(0|[1-9][0-9]{0,25})", r"-?(0|[1-9][0-9]{0,17})\.[0-9]{1,27}"
HEX, HEADS = "(?=.*[0-9])[0-9a-f]{6,128}", {"#": "number", '"': "text", "[": "list", "{": "object"}
SPELLED = (("integer", INTEGER), ("hex", HEX), ("uuid", "[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}"), ("decimal", DECIMAL),
           ("size", "[1-9][0-9]{0,4}x[1-9][0-9]{0,4}"), ("HEX", HEX.replace("a-f", "A-F")), ("plain", "(?s:.*)"))
TYPES = ("null", "true", "false", "number", "text", "list", "object")
KINDS = ("plain", "hex", "HEX", "uuid", "integer", "decimal", "size")
NUMBERS = (("integer", INTEGER), ("decimal", DECIMAL), ("other", ".*"))
CARRIERS = ("tEXt", "zTXt", "iTXt", "exif", "xmp", "comment", "stealth")
FORMS = ["json", "json utf-8", "json compact", "json compact ascii", "json net"] + \
    [f"json indent {n}{end}" for n in (2, 4) for end in ("", " utf-8")]
LISTED = {"platform": {"tool": "t", "version": "t", "device": "t"},
          "model": {"name": "t", "hash": "t", "vae": "t", "loras": "l", "controlnets": "l"},
          "settings": dict(zip(("prompt", "negative", "sampler", "scheduler", "steps", "seed", "width", "height",
                                "guidance", "denoise", "hires"), "ttttiiiinno"))}
ANY: Any = object()
Name = tuple[Any, ...]


class Coder:
    """Contexts and models; codes known values (the table's) or, with a source, unknown ones."""

    def __init__(self) -> None:
        self.contexts: dict[Name, dict[str, int]] = {}
        self.models: dict[Name, list[int]] = {}
        self.source: Decoder | None = None
        self.texts: list[str] = []

    def code(self, value: Any = ANY) -> Any:
        """A whole value."""
        self.guesses, self.counted = Guesses(), [0, 0, 0]
        return self.value(value, [Place("", "", "", [])])

    def limit(self, which: int, more: int) -> None:
        """Count values and characters."""
        self.counted[which] += more
        need(self.counted[which] <= (1 << 15, 1 << 20, 1 << 20)[which], "recipe beyond its limits")

    def bit(self, name: Name, want: Any) -> int:
        """An adaptive bit."""
        model = self.models.setdefault(name, [32768, 0])
        return self.source.adaptive(model) if self.source else adapt(model, int(want))

    def choose(self, name: Name, names: Sequence[str], want: str | None) -> str:
        """One of up to eight."""
        index, node = names.index(want) if want else 0, 1
        for k in (2, 1, 0):
            node = 2 * node + self.bit(("choose", name, node), index >> k & 1)
        need(node - 8 < len(names), "choice")
        return names[node - 8]

    def magnitude(self, name: Name, want: int | None) -> int:
        """A number from 0."""
        wanted, node, value = (want or 0) + 1, 1, 1
        for k in range(6, -1, -1):
            node = 2 * node + self.bit(("bits", name, node), wanted.bit_length() >> k & 1)
        need(1 <= node - 128 <= 90, "length of a magnitude")
        for k in range(node - 130, -1, -1):
            bit = wanted >> k & 1
            if k > node - 132:
                bit = self.bit(("magnitude", name, node - 128, value), bit)
            elif self.source:
                bit = self.source.bit(32768)
            value = 2 * value + bit
        return value - 1

    def digits(self, count: int, base: int) -> str:
        """So many digits."""
        need(count <= 128, "digits")
        sizes = [7] * (count // 7) + [count % 7] * (count % 7 > 0) if self.source else []
        return "".join(f"{self.source.equal(base ** n):0{n}{'x' if base == 16 else 'd'}}" for n in sizes)

    def plain(self, count: int) -> str:
        """The next plain texts."""
        need(not self.source or count <= len(self.texts), "too few plain texts")
        taken, self.texts = self.texts[:count], self.texts[count:]
        return "\n".join(taken)

    def pick(self, order: int, name: Name, excluded: set[str], want: str | None) -> str | None:
        """A symbol of a context, or None."""
        context = self.contexts.get(name, {})
        self.limit(2, len(context))
        known = {s: n for s, n in context.items() if s not in excluded}
        if not known:
            return None
        if not self.bit(("escape", order, min(len(known), 4), min(sum(known.values()).bit_length(), 8)), want in known):
            excluded.update(known)
            return None
        if self.source and len(known) > 1:
            return list(known)[self.source.symbol(list(known.values()))]
        return next(iter(known)) if self.source else want

    def count(self, name: Name, symbol: str) -> None:
        """A symbol's count grows."""
        context = self.contexts.setdefault(name, {})
        context[symbol] = context.get(symbol, 0) + 3
        if context[symbol] > 4000:
            context.update({other: (n + 1) // 2 for other, n in context.items()})

    def symbol(self, places: list[Place], want: str | None) -> str:
        """The next symbol in a place: guessed, found or spelled."""
        p, symbol, excluded, order = places[0], None, set(), 0
        self.limit(0, 1)
        self.counted[2] += 32
        for rule, guess in self.guesses.next(places[:-1]) if len(places) > 1 else []:
            if self.bit(("guess", rule), guess == want):
                return guess
        i = p.at if isinstance(p.at, str) else min(p.at, 63)
        names: list[Name] = [(0, p.outer, p.label, p.name, i, p.last), (1, p.outer, p.label, p.name, i),
                             (2, p.label, p.name, i), (3, p.name, i), (4, p.name if p.at == "[]" else p.w)]
        for order, name in enumerate(names):
            symbol = self.pick(order, name, excluded, want)
            if symbol is not None:
                break
        else:
            symbol = self.spell(places, want)
        for name in names[:order + 1]:
            self.count(name, symbol)
        return symbol

    def spell(self, places: list[Place], want: str | None) -> str:
        """A symbol that no context has."""
        p, w, rest = places[0], places[0].w, want and want[1:]
        kind = self.choose(("type", w), TYPES, want and HEADS.get(want[0], want))
        if kind == "number":
            wanted = rest and next(n for n, pattern in NUMBERS if re.fullmatch(pattern, rest))
            which = self.choose(("number", w), [n for n, _ in NUMBERS], wanted)
            spelled = "#" + (self.plain(1) if which == "other" else self.numeral(which, w, rest))
        elif kind == "text":
            found = self.pick(5, (5,), set(), want)
            spelled = want or ('"' + self.spelled(w, None) if found is None else found)
            if want and found is None:
                self.spelled(w, rest)
            self.count((5,), spelled)
        elif kind == "list":
            spelled = f"[{self.magnitude(('length', w), rest and int(rest))}"
        elif kind == "object":
            keys, found = rest.split("\0") if rest else [], []
            place = Place(f"key of {p.name}", p.label, p.outer, [])
            for k in range(self.magnitude(("keys", p.name), len(keys))):
                place.last = self.symbol([place, *places], '"' + keys[k] if want else None)
                found.append(place.last[1:])
                need(place.last[0] == '"' and found[-1] and "\0" not in found[-1] and found[-1] not in found[:-1], "key")
            spelled = "{" + "\0".join(found)
        else:
            spelled = kind
        return want or spelled

    def numeral(self, kind: str, w: str, want: str | None) -> str:
        """An integer or decimal."""
        whole, _, behind = (want or "0").lstrip("-").partition(".")
        sign = "-" if self.bit((kind, w, "minus"), (want or "")[:1] == "-") else ""
        spelled = sign + str(self.magnitude((kind, w), int(whole)))
        if kind == "decimal":
            spelled += "." + self.digits(1 + self.magnitude((kind, w, "digits"), max(len(behind) - 1, 0)), 10)
        return spelled

    def spelled(self, w: str, want: str | None) -> str:
        """A text that is not in the pool."""
        wanted = None if want is None else next(n for n, pattern in SPELLED if re.fullmatch(pattern, want))
        kind = self.choose(("text", w), KINDS, wanted)
        if kind in ("integer", "decimal"):
            return self.numeral(kind, w, want)
        if kind in ("hex", "HEX"):
            text = self.digits(6 + self.magnitude(("hex", w), len(want or "......") - 6), 16)
            return text.upper() if kind == "HEX" else text
        if kind == "uuid":
            return re.sub("(.{8})(.{4})(.{4})(.{4})(.*)", r"\1-\2-\3-\4-\5", self.digits(32, 16))
        if kind == "size":
            return "x".join([str(self.magnitude(("size", w), int(x))) for x in (want or "0x0").split("x")])
        return self.plain(1 + self.magnitude(("lines", w), (want or "").count("\n")))

    def value(self, want: Any, places: list[Place]) -> Any:
        """The next value and its items; places from the innermost out, the root last."""
        p = places[0]
        need(len(places) <= 41, "recipe too deep")
        p.last = symbol = self.symbol(places, None if want is ANY else symbol_of(want))
        self.limit(1, len(symbol))
        head, rest = symbol[0], symbol[1:]
        if head == '"' and p.at in ("class_type", "type", "name"):
            p.label = symbol
        result: Any = {"n": None, "t": True, "f": False, '"': rest, "#": Number(rest)}.get(head)
        if head in "[{":
            result = [] if head == "[" else {}
            place = p.inside(result)
            items: Iterable[Any] = range(int(rest)) if head == "[" else rest.split("\0") if rest else []
            for place.at in items:
                item = self.value(ANY if want is ANY else want[place.at], [place, *places])
                if head == "[":
                    result.append(item)
                else:
                    result[place.at] = item
        if len(places) > 1:
            self.guesses.learn(result, places[:-1])
        return result


def finite(spelled: str) -> float | None:
    """A number with a point or an exponent; none where it is too large."""
    return float(spelled) if abs(float(spelled)) != float("inf") else None


def plain_json(value: Any) -> Any:
    """Spelled numbers as numbers: the value written as JSON and read again."""
    try:
        return json.loads(write(value, "json"), parse_float=finite, parse_constant=lambda _: None)
    except (ValueError, RecursionError) as error:
        raise FormatError("no JSON") from error


def is_kind(value: Any, kind: str) -> bool:
    """Whether a value has a listed key's type."""
    if kind == "l":
        return isinstance(value, list) and all(
            isinstance(x, dict) and set(x) <= {"name", "weight", "hash"} and isinstance(x.get("name"), str)
            and isinstance(x.get("weight", 0), (int, float)) and isinstance(x.get("hash", ""), str) for x in value)
    types = {"t": str, "i": int, "n": (int, float), "o": dict}
    return isinstance(value, types[kind]) and not isinstance(value, bool)


def said(value: Any) -> Any:
    """Objects without the keys that say nothing, from the inside out."""
    if isinstance(value, list):
        return [said(item) for item in value]
    if isinstance(value, dict):
        return {k: v for k, v in ((k, said(v)) for k, v in value.items()) if v is not None and v not in ([], {})}
    return value


def fields(value: Any) -> dict[str, Any]:
    """Listed fields in their objects, other keys in `extra`."""
    need(isinstance(value, dict), "fields")
    given, result = plain_json(value), {}
    extra = given["extra"] if isinstance(given.get("extra"), dict) else {}
    for name, listed in LISTED.items():
        items = given[name] if isinstance(given.get(name), dict) else {}
        result[name] = {k: v for k, v in items.items() if k in listed and is_kind(v, listed[k])}
        for k, v in items.items():
            if k not in result[name]:
                extra.setdefault(k, v)
    need("tool" in result["platform"], "recipe without a tool")
    return {k: v for k, v in {**said(result), "extra": extra}.items() if v}


def escaped(text: str, ascii_only: bool, net: bool) -> str:
    """A text as JSON."""
    def one(found: re.Match[str]) -> str:
        units = found[0].encode("utf-16-be", "surrogatepass").hex()
        units = units.upper() if net else units
        return names.get(found[0]) or "".join("\\u" + units[i:i + 4] for i in range(0, len(units), 4))

    names = {"\b": "\\b", "\f": "\\f", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\\": "\\\\", **({} if net else {'"': '\\"'})}
    pattern = r"[^A-Za-z0-9 !#$%()*,\-./:;=?@\[\]^_{|}~]" if net else r'["\\\x00-\x1f]' + "|[^\0-~]" * ascii_only
    return '"' + re.sub(pattern, one, text) + '"'


def write(value: Any, form: str, level: int = 1) -> str:
    """A value as JSON of a form."""
    ascii_only, net = "utf-8" not in form and form != "json compact", form == "json net"
    if isinstance(value, Number) or not isinstance(value, (str, list, dict)):
        return symbol_of(value).removeprefix("#")
    if isinstance(value, str):
        return escaped(value, ascii_only, net)
    indent = int(form.split()[2]) if "indent" in form else 0
    colon, comma = ":" if "compact" in form or net else ": ", ", " if form in ("json", "json utf-8") else ","
    items = [write(item, form, level + 1) for item in (value if isinstance(value, list) else value.values())]
    if isinstance(value, dict):
        items = [escaped(k, ascii_only, net) + colon + v for k, v in zip(value, items)]
    a, b = "[]" if isinstance(value, list) else "{}"
    pad = "\n" + " " * indent * level if indent and items else ""
    return a + pad + (comma + pad).join(items) + (pad and pad[:-indent]) + b


def segment(value: Any) -> bytes:
    """The bytes of a segment."""
    (kind, content), = value.items()
    if kind == "bytes":
        return bytes(int(x) for x in content)
    need(kind in ("utf-8", "latin-1", "utf-16-be", "utf-16-le"), "segment")
    if isinstance(content, dict):
        (form, inner), = content.items()
        need(form == "a1111" or form in FORMS, "form of a text")
        content = write(inner, form) if form != "a1111" else ", ".join(f"{k}: {v}" for k, v in inner[2].items())
        if form == "a1111" and inner[0] is not None:
            need(isinstance(inner[0], str) and isinstance(inner[1], str | None), "prompts")
            content = inner[0] + ("" if inner[1] is None else f"\nNegative prompt: {inner[1]}") + "\n" + content
    return content.encode(kind)


def decode(data: bytes, tables: Tables, dictionary: str | None) -> dict[str, Any]:
    """The value of a recipe part: fields, or carrier, key and content (in hexadecimal) of each chunk."""
    need(data, "an empty recipe part")
    known(data[0] < 2, "form of a recipe")
    length, at = read_varint(data, 1)
    need(at + length <= len(data), "cut recipe")
    small = data[at + length:at + length + 1] in (b"\4", b"\5", b"\6")
    text = decode_text(data[at + length:], tables, dictionary, 1 << (13 if small else 19))
    coder = Coder()
    table = zlib.decompress(tables.content("recipe-1"))
    for value in json.loads(table, parse_int=Number, parse_float=Number, parse_constant=Number):
        coder.code(value)
    coder.source, coder.texts = Decoder(data[at:at + length]), text.split("\n") if text else []
    value = coder.code()
    coder.source.close()
    need(not coder.texts, "texts left over")
    if data[0] == 0:
        return {"fields": fields(value), "chunks": []}
    chunks = []
    try:
        for carrier, key, *segments in value:
            need(carrier in CARRIERS and type(key) is str, "chunk")
            chunks.append([carrier, key, b"".join(map(segment, segments)).hex()])
    except (ValueError, TypeError, AttributeError, LookupError) as error:
        raise FormatError(f"verbatim recipe: {error}") from error
    return {"metadata": chunks}
