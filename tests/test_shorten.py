"""Words that do not fit: what is left out first, and what stays to the end."""

from __future__ import annotations

from dataclasses import replace

from promptcodec.description import parse_text, shorten
from promptcodec.description.coarsen import coarsen_nouns
from promptcodec.layers import semantic
from promptcodec.rate import fit_description

WHARF = parse_text(
    "photo 4x6\n"
    "summary: A lighthouse stands on a rocky island in a calm sea. Two small boats pass with white sails.\n"
    "light: soft evening light\nmood: quiet\n"
    + "\n".join(
        f"r{r}c{c}: {'sky' if r < 3 else 'sea' if c != 3 else 'rock' if r == 4 else 'lighthouse'}"
        for r in range(1, 5)
        for c in range(1, 7)
    )
    + "\nobject r2c3:r4c3 lighthouse, white, round\nobject r3c5:r4c6 boat, small, white sails\n"
    "object r4c2:r4c4 rock\nlettering r3c3:r3c3 painted: NORTH HEAD"
)
SIZE = (768, 512)


def code(description):
    return semantic.encode(description, with_map=True)


def read(room):
    return semantic.decode(fit_description(WHARF, SIZE, code, room, with_map=True))


def test_forms_get_shorter_and_the_subject_stays():
    forms = [*shorten.by_salience(WHARF)]
    lengths = [shorten.characters(form) for form in forms]
    assert forms[0] == WHARF
    assert lengths == sorted(lengths, reverse=True)
    assert len(set(lengths)) == len(lengths)
    assert all(form.summary.startswith("A lighthouse stands") for form in forms)
    assert forms[-1].summary == "A lighthouse stands."
    assert not (forms[-1].objects)
    assert not (forms[-1].lettering)
    assert not (forms[-1].mood)
    assert all(form.cells == WHARF.cells for form in forms)


def test_style_goes_before_things_and_the_subjects_place_goes_late():
    forms = [*shorten.by_salience(WHARF)]
    order = {
        "mood": next(at for at, form in enumerate(forms) if not form.mood),
        "boat": next(at for at, form in enumerate(forms) if all(o.name != "boat" for o in form.objects)),
        "lighthouse": next(
            at for at, form in enumerate(forms) if all(o.name != "lighthouse" for o in form.objects)
        ),
    }
    assert order["mood"] < order["boat"]
    assert order["mood"] < order["lighthouse"]


def test_without_a_summary_the_first_object_stays():
    bare = parse_text("photo 1x1\nr1c1: sea\nobject r1c1:r1c1 boat, red\nobject r1c1:r1c1 gull")
    last = [*shorten.by_salience(bare)][-1]
    assert [thing.name for thing in last.objects] == ["boat"]


def test_a_coarser_cell_says_what_most_of_it_says():
    merged = coarsen_nouns(WHARF, 2, 3)
    assert [cell.text for cell in merged.cells] == ["sky", "sky", "sky", "sea", "sea", "sea"]
    assert coarsen_nouns(WHARF, 4, 6) is WHARF


def test_all_of_it_where_there_is_room():
    assert read(200) == WHARF
    assert read(None) == WHARF


def test_words_fit_and_grow_with_the_room():
    former = -1
    for room in (20, 38, 45, 60, 75, 90):
        data = fit_description(WHARF, SIZE, code, room, with_map=True)
        assert len(data) <= room
        words = shorten.characters(semantic.decode(data))
        assert words >= 0.9 * former
        former = words


def test_twelve_cells_from_150_bytes_on():
    more = " It has a red door and a gallery of iron around its lamp." * 4
    long = replace(WHARF, summary=WHARF.summary + more)
    data = fit_description(long, SIZE, code, 75, with_map=True)
    description = semantic.decode(data)
    assert len(data) <= 75
    assert description.rows * description.cols >= 12
    assert all(cell.text for cell in description.cells)


def test_surfaces_come_where_there_is_room():
    rough = parse_text("photo 1x2\nsummary: Sea.\nr1c1 rough: sea\nr1c2 smooth: sky")
    small = semantic.decode(fit_description(rough, SIZE, code, 14, with_map=True))
    large = semantic.decode(fit_description(rough, SIZE, code, 100, with_map=True))
    assert (small.cells[0].texture, large.cells[0].texture) == ("", "rough")


def test_a_sentence_that_is_cut_does_not_end_in_a_word_that_leads_on():
    long = (
        "A woman in a red coat is holding an umbrella that she bought in Paris while the rain keeps falling."
    )
    crowd = parse_text(f"photo 1x1\nsummary: {long}\nr1c1 grey")
    summaries = list(dict.fromkeys(form.summary for form in shorten.by_salience(crowd)))
    assert summaries == [
        long,
        "A woman in a red coat is holding an umbrella that she bought in Paris.",
        "A woman in a red coat is holding an umbrella that she bought.",
        "A woman in a red coat.",
        "A woman.",
    ]
