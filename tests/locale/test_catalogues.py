"""Every catalogue says everything that is said in English, with the same placeholders."""

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from string import Formatter

import pytest
from babel.messages import pofile
from babel.messages.catalog import Catalog

import creditrisk.locale
from creditrisk.application.messages import CATEGORIES, COUNTED, KINDS, SENTENCES
from creditrisk.domain.counting import NOT_DUE
from creditrisk.domain.findings import Code
from creditrisk.domain.overdue import OVERDUE
from creditrisk.domain.papers import Category, Kind
from creditrisk.locale.languages import LANGUAGES

FOLDER = Path(creditrisk.locale.__path__[0])
TRANSLATED = LANGUAGES[1:]

Said = tuple[str, str]
"""Context and English text."""


def catalogue(language: str) -> Catalog:
    with (FOLDER / language / "LC_MESSAGES" / "creditrisk.po").open("rb") as file:
        return pofile.read_po(file, locale=language, abort_invalid=True)


def said() -> Iterator[Said]:
    for code, sentences in SENTENCES.items():
        yield from ((code.value, sentence) for sentence in sentences)
    yield from (("kind", word) for word in KINDS.values())
    yield from (("category", word) for word in CATEGORIES.values())
    yield from (("unit", many) for _, many in COUNTED.values())


def placeholders(text: str) -> Counter[str]:
    return Counter(name for _, name, _, _ in Formatter().parse(text) if name is not None)


def translations(language: str) -> dict[Said, tuple[str, ...]]:
    """What is said in this language, in all its numbers, by context and the English text."""
    return {
        (message.context or "", message.id if isinstance(message.id, str) else message.id[1]): (
            (message.string,) if isinstance(message.string, str) else tuple(message.string or ())
        )
        for message in catalogue(language)
        if message.id
    }


def test_every_code_has_its_sentences() -> None:
    assert list(SENTENCES) == list(Code)
    assert all(SENTENCES.values())


def test_every_kind_and_every_category_that_can_have_a_cap_has_its_word() -> None:
    assert list(KINDS) == list(Kind)
    assert list(CATEGORIES) == [*Category, OVERDUE, NOT_DUE]


def test_there_is_a_catalogue_for_each_language_and_no_other() -> None:
    assert sorted(file.parts[-3] for file in FOLDER.rglob("*.po")) == sorted(TRANSLATED)


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_catalogue_has_everything_that_is_said_and_nothing_else(language: str) -> None:
    assert set(translations(language)) == set(said())


@pytest.mark.parametrize("language", TRANSLATED)
def test_a_translation_is_there_finished_and_has_the_placeholders_of_the_original(language: str) -> None:
    assert not any(message.fuzzy for message in catalogue(language) if message.id)
    for (context, english), texts in translations(language).items():
        for text in texts:
            assert text.strip(), (context, english)
            assert placeholders(text) == placeholders(english), (context, text)


@pytest.mark.parametrize("language", TRANSLATED)
def test_what_is_counted_has_all_the_numbers_of_the_language(language: str) -> None:
    found = translations(language)
    for _, many in COUNTED.values():
        assert len(found["unit", many]) == catalogue(language).num_plurals
