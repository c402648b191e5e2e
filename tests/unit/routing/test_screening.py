"""Which words are found in a free text, which are let through, and what a list of words must look like."""

from __future__ import annotations

import shutil
import time
import tomllib
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from routing import rulebook, screening
from routing.rule_files import Reading
from routing.screening import Hit, Screening

CATEGORIES = frozenset({"HE", "SU", "CJ"})
LIST = rulebook.FOLDER / "trigger_words.toml"
UNHURRIED = settings(deadline=None)


def read(path: Path) -> tuple[Screening, list[str]]:
    reading = Reading({"category": CATEGORIES})
    found = screening.read(reading, path)
    return found, [str(fault) for fault in reading.faults]


def read_words(folder: Path, *words: str, category: str = "HE") -> tuple[Screening, list[str]]:
    path = folder / "trigger_words.toml"
    rows = ", ".join(f'"{word}"' for word in words)
    path.write_text(f'[[trigger]]\ncategory = "{category}"\nabout_sv = "Ord"\nwords = [{rows}]\n', encoding="utf-8")
    return read(path)


DELIVERED, FAULTS = read(LIST)


def marked(text: str, found: Screening = DELIVERED) -> list[tuple[str | None, str]]:
    return [(hit.category, text[hit.start : hit.end]) for hit in found.find(text)]


# --- Words --------------------------------------------------------------------------------------------------------


def test_the_delivered_list_has_no_fault_and_covers_its_categories() -> None:
    assert FAULTS == []
    assert set(DELIVERED.patterns) == CATEGORIES


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("har ADHD i grunden", [("HE", "ADHD")]),
        ("ADHD-utredning pågår", [("HE", "ADHD")]),
        ("behandlas för Depressioner", [("HE", "Depressioner")]),
        ("utmattningsdepression", [("HE", "utmattningsdepression")]),
        ("ÅNGEST", [("HE", "ÅNGEST")]),
        ("a\u030angest och", [("HE", "a\u030angest")]),
        ("blandmissbruk sedan länge", [("SU", "blandmissbruk")]),
        ("miss\u00adbruk", [("SU", "miss\u00adbruk")]),
        ("ｍｉｓｓｂｒｕｋ", [("SU", "ｍｉｓｓｂｒｕｋ")]),
        ("alkoholpsykos", [("HE", "alkoholpsykos")]),
        ("PSYKİSK ohälsa", [("HE", "PSYKİSK"), ("HE", "ohälsa")]),
        ("_lvm_", [("SU", "lvm")]),
        ("kontakt med Kriminalvården och frivården", [("CJ", "Kriminalvården"), ("CJ", "frivården")]),
        ("fick villkorlig\ndom i maj", [("CJ", "villkorlig\ndom")]),
        ("rattfylleri", [("CJ", "rattfylleri"), ("SU", "rattfylleri")]),
        ("rättspsykiatrisk vård", [("CJ", "rättspsykiatrisk"), ("HE", "rättspsykiatrisk")]),
        ("cancer, 900101-2385", [("HE", "cancer"), (None, "900101-2385")]),
    ],
)
def test_a_trigger_word_is_marked_whole(text: str, expected: list[tuple[str | None, str]]) -> None:
    assert sorted(marked(text), key=str) == sorted(expected, key=str)


@pytest.mark.parametrize(
    "text",
    [
        "Behöver skriftliga instruktioner och korta pass.",
        "Lokalen ska gå att nå med rullstol. Tolk på teckenspråk.",
        "Sjukskriven på halvtid till och med april, läkarintyg finns.",
        "Vid sjukdom: ring före kl 8.",
        "Arbetslivsinriktad rehabilitering med arbetsterapeut.",
        "Har arbetat som undersköterska på demensboende och inom hemsjukvården.",
        "Vill utbilda sig till skötare, psykolog eller sjuksköterska.",
        "Är beroende av kollektivtrafik. Drog sig ur kursen efter ett avbrott.",
        "Utdrag ur belastningsregistret krävs för tjänsten.",
        "Överklagat till förvaltningsdomstolen. Tjänstledig, permission två dagar.",
        "Övervakar maskiner i processindustrin, tål stress.",
        "Ett genombrott: kontraktet är påskrivet, efter stora uppbrott i livet.",
        "Serveringsvana, alkoholfritt kök, körkort B, bilen har alkolås.",
        "En kramgo arbetsgivare, en fängslande och dråplig film. Diagnostik av bilar, inbrottslarm.",
        "Psykosocial arbetsmiljö. Kronisk brist på personal. Rånö, Mordor och Straffekredit AB.",
    ],
)
def test_what_a_plan_for_work_says_is_let_through(text: str) -> None:
    assert marked(text) == []


def test_no_delivered_word_is_covered_by_another(tmp_path: Path) -> None:
    for category in sorted(CATEGORIES):
        words = words_of(category)
        for word in words:
            others, faults = read_words(tmp_path, *(other for other in words if other != word), category=category)
            example = word.replace("*", "")
            # A word with a star says more than the example when only the bare word is covered.
            longer = example + "x" if word.endswith("*") else example
            assert faults == []
            assert marked(longer, others) == [], word


def words_of(category: str) -> list[str]:
    content = tomllib.loads(LIST.read_text(encoding="utf-8"))
    return [word for row in content["trigger"] if row["category"] == category for word in row["words"]]


EVERY_WORD = [(category, word) for category in sorted(CATEGORIES) for word in words_of(category)]


@UNHURRIED
@given(st.sampled_from(EVERY_WORD), st.text(max_size=30), st.text(max_size=30), st.booleans())
def test_every_delivered_word_is_found_where_it_stands(
    entry: tuple[str, str], before: str, after: str, capitals: bool
) -> None:
    category, word = entry
    core = word.replace("*", "").upper() if capitals else word.replace("*", "")
    text = f"{before}; {core}; {after}"
    start = len(before) + 2
    assert Hit(category, start, start + len(core)) in DELIVERED.find(text)


def test_an_inner_part_of_a_word_is_no_hit(tmp_path: Path) -> None:
    found, faults = read_words(tmp_path, "rån", "kriminal*", "*missbruk", "*ångest*")
    assert faults == []
    assert marked("från råna kriminal kriminalvård akriminal", found) == [("HE", "kriminal"), ("HE", "kriminalvård")]
    assert marked("missbruk tablettmissbruk missbrukare", found) == [("HE", "missbruk"), ("HE", "tablettmissbruk")]
    assert marked("dödsångesten angest", found) == [("HE", "dödsångesten")]


@UNHURRIED
@given(st.text())
def test_hits_lie_in_the_text(text: str) -> None:
    hits = DELIVERED.find(text)
    assert all(0 <= hit.start < hit.end <= len(text) for hit in hits)


def test_hits_stand_in_the_order_of_the_text() -> None:
    assert [category for category, _ in marked("brott, lvm, 900101-2385, cancer")] == ["CJ", "SU", None, "HE"]


def test_nothing_found_is_written_out() -> None:
    text = "har cancer, 900101-2385"
    assert "cancer" not in repr((DELIVERED, DELIVERED.find(text)))
    assert "2385" not in repr((DELIVERED, DELIVERED.find(text)))


# --- Time ---------------------------------------------------------------------------------------------------------

PIECES = ["9", "9 ", "9\u200b", "1 - ", "123456 123", "2026-01-01 ", "2026-01-01-", "12 500 ", "09.00-", " ", "\u200b"]
PIECES += [
    "a",
    "å",
    "amfetami",
    "villkorlig ",
    "missbru",
    "a\u0301",
    "\u0301",
    "psykiatr ",
    "\u00a0",
    "-",
    "9" * 9 + "x",
]


@settings(max_examples=40, deadline=None)
@given(st.lists(st.sampled_from(PIECES), min_size=1, max_size=3).map("".join), st.sampled_from(["", "x", "1", " "]))
def test_a_hostile_text_takes_no_longer_than_its_length(piece: str, end: str) -> None:
    # Forty thousand characters take some hundredths of a second; a search that looks back would take minutes.
    text = (piece * 40_000)[:40_000] + end
    begun = time.process_time()
    DELIVERED.find(text)
    assert time.process_time() - begun < 2


# --- The list's own faults ----------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("words", "fault"),
    [
        (["Psykos*"], "'Psykos*' must be in small letters"),
        (["a\u030angest"], "is not written as a word"),
        (["hi"], "'hi' is too short"),
        (["hiv*"], "'hiv*' is too short"),
        (["*hiv"], "'*hiv' is too short"),
        (["cancer", "stroke", "cancer"], "names 'cancer' twice"),
        (["psyk*os"], "'psyk*os' is not written as a word"),
        (["**psykos"], "is not written as a word"),
        (["*"], "'*' is not written as a word"),
        (["dom  till"], "is not written as a word"),
        ([" cancer"], "is not written as a word"),
        (["can.er"], "is not written as a word"),
        ([""], "must be a text"),
    ],
)
def test_a_word_that_is_not_in_the_notation_is_a_fault(tmp_path: Path, words: list[str], fault: str) -> None:
    found, faults = read_words(tmp_path, *words)
    assert len(faults) == 1
    assert fault in faults[0]
    assert faults[0].startswith("trigger_words.toml: trigger[")
    assert found.find("psykos") == ()


def test_an_unknown_category_is_a_fault(tmp_path: Path) -> None:
    assert read_words(tmp_path, "cancer", category="XX")[1] == [
        "trigger_words.toml: trigger[1].category: 'XX' is an unknown category"
    ]


def test_a_word_may_tell_of_two_categories_but_stands_once_in_each(tmp_path: Path) -> None:
    path = tmp_path / LIST.name
    shutil.copy(LIST, path)
    row = '\n[[trigger]]\ncategory = "{}"\nabout_sv = "Till"\nwords = ["krami"]\n'
    with path.open("a", encoding="utf-8") as content:
        content.write(row.format("SU") + row.format("CJ"))
    found, faults = read(path)
    assert faults == ["trigger_words.toml: trigger[CJ: Till]: 'krami' stands there twice"]
    assert {hit.category for hit in found.find("krami")} == {"SU", "CJ"}


def test_a_missing_list_is_a_fault(tmp_path: Path) -> None:
    assert read(tmp_path / "none.toml")[1] == ["none.toml: file: the file is missing"]


def test_every_fault_is_named_at_once(tmp_path: Path) -> None:
    found, faults = read_words(tmp_path, "X-kromosom", "cancer", "ms")
    assert len(faults) == 2
    assert marked("cancer", found) == [("HE", "cancer")]


@given(st.lists(st.sampled_from(["ADHD", "kriminalvården", "19900101-2385", "900101", "2385", "korta pass", "å"])))
def test_texts_that_tell_nothing_together_tell_nothing_alone(texts: list[str]) -> None:
    if DELIVERED.tells_nothing(texts):
        assert not any(DELIVERED.find(text) for text in texts)


def test_what_tells_something_alone_is_not_passed_over_among_others() -> None:
    assert not DELIVERED.tells_nothing(["Behöver korta pass.", "Har ADHD."])
    assert DELIVERED.tells_nothing(["Behöver korta pass.", "Nås på förmiddagen."])
    assert DELIVERED.tells_nothing([])


# --- The glance before the patterns -------------------------------------------------------------------------------

WORDS = [word for row in tomllib.loads(LIST.read_text(encoding="utf-8"))["trigger"] for word in row["words"]]
SCRAPS = st.sampled_from([*(word.strip("*") for word in WORDS), *"aehknrsåäö", *" -_.2½ªš–\n", "ж"])


@given(st.lists(SCRAPS, max_size=12).map("".join))
@UNHURRIED
def test_a_glance_passes_over_no_text_in_which_a_pattern_finds_a_word(text: str) -> None:
    if any(pattern.search(text) for pattern in DELIVERED.patterns.values()):
        assert DELIVERED.glance.may_find(text)


@pytest.mark.parametrize("word", ["šizofreni*", "anšvar*", "*šokk*", "12-steg*", "b12-brist", "två ord", "*två ord"])
def test_a_glance_takes_words_of_any_spelling(tmp_path: Path, word: str) -> None:
    found, faults = read_words(tmp_path, word)
    assert faults == []
    text = word.strip("*")
    assert found.find(f"om {text} här"), "the pattern finds it"
    assert not found.tells_nothing([f"om {text} här"])


def test_everyday_words_that_only_begin_like_a_trigger_word_need_no_second_look() -> None:
    assert not DELIVERED.glance.may_find("vill ha kontakt om ett besök på en anstalltare, behöver funktion och hivade")
