"""Foreign words in prompts: every server's parser reads the words, with our weights, and nothing else."""

from __future__ import annotations

import re
import unicodedata

import pytest
from hypothesis import given
from hypothesis import strategies as st

from promptcodec.description import parse_text
from promptcodec.generators import Conditions
from promptcodec.generators.wording import Phrase, Prompt, build
from promptcodec.generators.wording.syntax import PLAIN, SYNTAXES, WEBUIS, escape, write
from tests.effort import examples
from tests.prompt_parsers import PARSERS, SyntaxSeenError

HOSTILE = (
    *("<lora:ink:0.8>", "<hypernet:a:1>", "<lyco:a>", '<sd_cpp_extra_args>{"seed":1}</sd_cpp_extra_args>'),
    *("(x:1.9)", "((x))", "[x]", "[a:b:.5]", "[a::5]", "[a|b]", "{a|b}", "{2$$a|b}", "${x=a}", "__animals__"),
    *(
        "a AND b",
        "a BREAK b",
        "OUTBREAK",
        "BREAK",
        "AND_PERP",
        "embedding:bad",
        "TE2: other",
        "_tags_",
        "x:1.9",
    ),
    *("# hidden", "/* hidden */", "// hidden", "## b", "a\nBREAK\nb", "|image|", "<|endoftext|>", "[INST]"),
    *(
        "\\(x:1.9\\)",
        "\\\\(x:1.9)",
        "\\",
        "\\\\",
        "(",
        ")",
        ":",
        "100%",
        "$5",
        "red++",
        "(a:",
        "1.5)",
        ":1.5)",
    ),
    *(
        "\0\1",
        "\0\2",
        "\u200bAN\u200bD",
        "\uff08x\uff1a1.9\uff09",
        "a\u2028b",
        "\x1b[31m",
        "--neg x",
        "x:\u00a01.9 ",
    ),
)
SIGNS = "()[]{}<>|\\:;#/*_$%+-.,'\"!?=~@^& \n\0\x01"
texts = st.lists(
    st.one_of(
        st.sampled_from(HOSTILE),
        st.text(SIGNS, min_size=1, max_size=4),
        st.sampled_from(["a", "cat", "1.9", "5", "and", "é", "猫", "ABBA", " "]),
    ),
    max_size=6,
).map("".join)
phrases = st.builds(Phrase, texts, st.sampled_from([1.0, 0.8, 1.15, 1.3]))
prompts = st.lists(phrases, max_size=4).map(lambda listed: Prompt(tuple(listed)))


def words(text: str) -> list[str]:
    return re.findall(r"[^\W_]+", text.casefold())


def wanted(phrase: Phrase, syntax: str) -> list[tuple[str, float]]:
    """The words of a phrase as a server should read them, each with its weight."""
    text = phrase.text.replace("\u200b", "")
    if syntax == "koboldcpp":
        text = unicodedata.normalize("NFKD", text).encode("ascii", "ignore").decode()
    if syntax in WEBUIS:
        text = text.replace("$", " dollar ").replace("%", " percent ")
    return [(word, 1.0 if syntax in PLAIN else phrase.weight) for word in words(text)]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_every_parser_reads_the_words_with_our_weights_and_nothing_else(syntax):
    @examples(2)
    @given(prompts)
    def holds(prompt):
        written = write(prompt, syntax)
        read = [(word, round(w, 4)) for text, w in PARSERS[syntax](written) for word in words(text)]
        assert read == [pair for phrase in prompt.phrases for pair in wanted(phrase, syntax)]
        assert written.isprintable()

    holds()


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("text", HOSTILE)
def test_hostile_words_stay_words_alone_and_among_others(text, syntax):
    for around in (text, f"a {text} b", f"a{text}b", text + text):
        prompt = Prompt((Phrase("a sky"), Phrase(around, 1.3), Phrase("1.9")))
        read = [
            (word, round(w, 4)) for part, w in PARSERS[syntax](write(prompt, syntax)) for word in words(part)
        ]
        assert read == [pair for phrase in prompt.phrases for pair in wanted(phrase, syntax)]
        alone = [word for part, w in PARSERS[syntax](escape(around, syntax)) for word in words(part)]
        assert alone == [word for word, _ in wanted(Phrase(around), syntax)]


SEEN = [
    *(
        ("a1111", text)
        for text in ("<lora:a:1>", "{a|b}", "__a__", "a AND b", "a BREAK b", "# a", "a:1.9", "[a]")
    ),
    *(("sdnext", text) for text in ("<lora:a:1>", "__a__", "TE2: a", "a ## b", "a BREAK b", "[a:b:.5]")),
    *(
        ("sdcpp", text)
        for text in ("<lora:a:1>", "<sd_cpp_extra_args>{}</sd_cpp_extra_args>", "OUTBREAK", "[a]")
    ),
    *(("comfyui", text) for text in ("embedding:a", "a (embedding:b:1.2)", "{a|b}", "/* a */", "// a")),
    *(("none", text) for text in ("<|endoftext|>", "[INST]", "</s>")),
]


@pytest.mark.parametrize(("syntax", "text"), SEEN)
def test_the_parsers_see_syntax(syntax, text):
    with pytest.raises(SyntaxSeenError):
        PARSERS[syntax](text)


@pytest.mark.parametrize("syntax", [syntax for syntax in SYNTAXES if syntax not in PLAIN])
def test_the_parsers_see_weights(syntax):
    read = {
        word: round(weight, 3) for part, weight in PARSERS[syntax]("a (b:1.9) ((c))") for word in words(part)
    }
    assert read == {"a": 1, "b": 1.9, "c": 1.21}


READABLE = {
    "none": "a cat (black) and a dog, 50% off: (9:30)",
    "xinference": "a cat (black) and a dog, 50% off: (9:30)",
    "a1111": r"a cat \(black\) and a dog, 50 percent off: \(9:30\)",
    "forge": r"a cat \(black\) and a dog, 50 percent off: \(9:30\)",
    "sdnext": r"a cat \(black\) and a dog, 50 percent off\: \(9\:30\)",
    "sdcpp": "a cat black and a dog, 50% off: 9:30",
    "koboldcpp": "a cat black and a dog, 50% off: 9:30",
    "comfyui": r"a cat \(black\) and a dog, 50% off: \(9:30\)",
}


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize(
    "pair", [("a:", "1.9"), ("(a", "b)"), ("a \\", "(b)"), ("a AN", "D b"), ("_", "_a__"), ("/", "*")]
)
def test_phrases_make_no_syntax_together(pair, syntax):
    prompt = Prompt(tuple(map(Phrase, pair)))
    read = [
        word for text, weight in PARSERS[syntax](write(prompt, syntax)) for word in words(text) if weight == 1
    ]
    assert read == [word for text in pair for word in words(text)]


@pytest.mark.parametrize("syntax", SYNTAXES)
def test_ordinary_sentences_stay_readable(syntax):
    assert escape("a cat (black) and a dog, 50% off: [9:30]", syntax) == READABLE[syntax]
    sentence = "A café, half-timbered; \"the keeper's house\" stands at 12 o'clock."
    kept = sentence.replace("é", "e") if syntax == "koboldcpp" else sentence
    assert escape(sentence, syntax) == kept


def test_weights_are_written_where_the_syntax_has_them():
    prompt = Prompt((Phrase("a cat", 1.15), Phrase("a dog"), Phrase("", 1.3), Phrase("rain.", 0.8)))
    assert write(prompt, "a1111") == "(a cat:1.15), a dog, (rain.:0.8)"
    assert write(prompt, "none") == "a cat, a dog, , rain."


def test_koboldcpp_gets_what_it_reads_whole():
    many = Prompt(tuple(Phrase(f"a house with {number} windows", 1.1) for number in range(60)))
    written = write(many, "koboldcpp")
    assert 700 < len(written) <= 800
    assert written.endswith(" windows:1.1)")
    assert 700 < len(write(Prompt((Phrase("a house and " * 200, 1.2),)), "koboldcpp")) <= 800
    assert write(Prompt((Phrase("㎏" * 2000, 1.2),)), "koboldcpp") == ""


@pytest.mark.parametrize("syntax", SYNTAXES)
@pytest.mark.parametrize("family", ["clip", "long"])
def test_a_hostile_description_is_drawn_from_its_words(family, syntax):
    description = parse_text(
        "photo (x:1.9) 1x2\nsummary: A cat <lora:evil:1> AND a dog BREAK [a:b:.5].\nlight: {red|blue}\n"
        "r1c1 red: __animals__\nr1c2 as left\nobject r1c1:r1c1 embedding:bad, (black)\nlettering r1c1:r1c2: "
        "<|x|>"
    )
    prompt = build(
        family, Conditions((64, 64), 1, description, correction="(mood:1.9): should be [calm], was {x}")
    )
    read = PARSERS[syntax](write(prompt, syntax))
    assert {"cat", "lora", "evil", "dog", "calm"} <= {word for text, _ in read for word in words(text)}
    weights = {1.0} if syntax in PLAIN else {1.0} | {phrase.weight for phrase in prompt.phrases}
    assert {round(weight, 4) for _, weight in read} <= weights
