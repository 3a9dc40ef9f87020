"""Which language an `Accept-Language` asks for."""

import pytest

from creditrisk.api.languages import negotiate


@pytest.mark.parametrize(
    ("header", "language"),
    [
        ("it", "it"),
        ("IT", "it"),
        ("pt-BR", "pt"),
        ("hr-Latn-HR", "hr"),
        ("es-419, en;q=0.1", "es"),
        ("de", "en"),
        ("de, cs;q=0.5", "cs"),
        ("it;q=0.5, cs", "cs"),
        ("it;q=0.8,cs;q=0.8", "it"),
        ("it ; q=0.2 , es;q=0.201", "es"),
        ("en;q=0.3, pt-PT;q=0.4", "pt"),
        ("*", "en"),
        ("it;q=0.5, *;q=0.8", "en"),
        ("it, *;q=0.1", "it"),
        ("en;q=0, *", "it"),
        ("en;q=0, it;q=0, *;q=0.5", "hr"),
        ("pt;q=0, pt-BR, es;q=0.1", "es"),
        ("pt-BR;q=0, pt", "pt"),
        ("it;q=0", "en"),
        ("*;q=0", "en"),
        ("en;q=0", "en"),
        ("", "en"),
        (", ,", "en"),
        ("it;q=2", "en"),
        ("it;q=0.1234, es", "es"),
        ("it;q=-1, es;q=.5, hr", "hr"),
        ("it;level=1, cs", "cs"),
        ("ità, cs", "cs"),
        ("italian", "en"),
        ("i", "en"),
        ("it-", "en"),
        ("\N{ARABIC-INDIC DIGIT ONE}, es", "es"),
    ],
)
def test_the_best_accepted_language_is_found(header: str, language: str) -> None:
    assert negotiate(header) == language
