"""Every language has every text of the schemas, keeps to its glossary, and says the same numbers."""

import json
import re

import pytest

from fair_attention.host import hosts
from fair_attention.tests.workflows import schemas
from fair_attention.tests.workflows.locales import FOLDER, LANGUAGES, english, glossary, translated

every_language = pytest.mark.parametrize("language", LANGUAGES)
# Names that are the same in every language: measures, models, letters of formulas.
KEPT = {
    "Bias-W",
    "Bias-P",
    "PSNR",
    "SSIM",
    "LPIPS",
    "CLIP-I",
    "DINO-I",
    "mIoU",
    "clip",
    "clip_vision",
    "dino",
    "lpips",
    "rho",
    "tau",
}
SPECIAL = "@{}|"  # of the front end's messages; a bar is written {'|'}


def test_six_languages_are_there():
    assert LANGUAGES == ["de", "es", "fr", "ja", "ko", "zh"]
    assert {path.name for path in FOLDER.glob("*/*")} == {"nodeDefs.json", "main.json", "glossary.tsv"}


@every_language
def test_the_map_viewer_has_all_of_its_words(language):
    page = (hosts.ROOT / "web/js/maps/words.js").read_text(encoding="utf-8")
    wanted = json.loads(re.search(r"ENGLISH = (\{.*?\});", page, re.DOTALL)[1])
    found = json.loads((FOLDER / language / "main.json").read_text(encoding="utf-8"))
    assert list(found) == ["fairMaps"] and list(found["fairMaps"]) == list(wanted)
    assert all(text.strip() and not set(text) & set(SPECIAL) for text in found["fairMaps"].values())


@every_language
def test_every_text_is_translated_and_none_is_left_over(object_info, language):
    wanted, found = english(object_info), translated(language)
    assert len(wanted) > 400
    assert sorted(set(wanted) - set(found)) == [], f"missing in locales/{language}/nodeDefs.json"
    assert sorted(set(found) - set(wanted)) == [], (
        f"of no input or output any more, in locales/{language}/nodeDefs.json"
    )
    assert [key for key, text in found.items() if not text.strip()] == []
    same = {key for key, text in both(wanted, found) if found[key] == text and not key.endswith(".name")}
    assert same == set(), "still in English"


def both(wanted: dict[str, str], found: dict[str, str]) -> list[tuple[str, str]]:
    """The English texts that are translated; what is missing is named by the test above."""
    return [(key, text) for key, text in wanted.items() if key in found]


@every_language
def test_nothing_in_a_text_is_read_as_syntax_by_the_front_end(language):
    plain = {key: text.replace("{'|'}", "") for key, text in translated(language).items()}
    assert [key for key, text in plain.items() if set(text) & set(SPECIAL)] == []


@every_language
def test_the_same_numbers_are_said(object_info, language):
    """Of which a translator or a changed tooltip easily loses one: 0.4, 95, 512, 1.x."""
    found, wrong = translated(language), []
    for key, text in both(english(object_info), found):
        missing = set(re.findall(r"-?\d*\.?\d+", text)) - set(re.findall(r"-?\d*\.?\d+", found[key]))
        wrong += [f"{key}: {sorted(missing)}"] if missing else []
    assert wrong == []


@every_language
def test_terms_are_those_of_the_glossary(object_info, language):
    """An English term has its translation in the text, or stays as it is where it is the name of an option."""
    found, wrong, terms = translated(language), [], glossary(language)
    for key, text in both(english(object_info), found):
        for originals, own in terms:
            there = [t for t in originals if re.search(rf"(?<![\w-]){re.escape(t)}s?(?![\w-])", text, re.IGNORECASE)]
            kept = [*own, *there]
            if there and not key.endswith(".name") and not any(t.lower() in found[key].lower() for t in kept):
                wrong.append(f"{key}: {there[0]} is {own[0]} in {language}")
    assert len(terms) > 20 and wrong == []


def test_names_that_stay_are_the_measures(object_info):
    """Whatever else stays in all languages was forgotten."""
    wanted = english(object_info)
    texts = [translated(language) for language in LANGUAGES]
    same = {text for key, text in wanted.items() if key.endswith(".name") and all(t.get(key) == text for t in texts)}
    assert same <= KEPT, sorted(same - KEPT)


PAGES = sorted((hosts.ROOT / "web" / "docs").glob("*/*.md"))


@pytest.mark.parametrize("page", PAGES, ids=lambda page: f"{page.parent.name}-{page.stem}")
def test_a_help_page_in_another_language_has_what_the_english_one_has(object_info, page):
    """Its own name of the node, the picture, every input and output by its English name too, as errors say it."""
    kind, language, text = page.parent.name, page.stem, page.read_text(encoding="utf-8")
    words = translated(language)
    assert text.startswith(f"# {words[f'{kind}.display_name']}\n") and f"({kind}.jpg)" in text
    named = set(re.findall(r"[\w-]+", text))
    for row in schemas.inputs(object_info[kind]):
        assert row["name"] in named and words[f"{kind}.inputs.{row['name']}.name"] in text, row["name"]
    for place, name in enumerate(object_info[kind]["output_name"]):
        assert name in named and words[f"{kind}.outputs.{place}.name"] in text, name


def test_the_five_main_nodes_have_pages_in_korean_and_chinese():
    main = ["FairBlockVoting", "FairInference", "FairLinguisticAlignment", "FairReport", "FairTargetDistribution"]
    assert [(p.parent.name, p.stem) for p in PAGES] == [(kind, language) for kind in main for language in ("ko", "zh")]
