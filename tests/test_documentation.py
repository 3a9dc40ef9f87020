"""What the pages say is what the code does, wherever a program can tell."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from creditrisk.api.problems import CATALOGUE
from creditrisk.application.keys import Scope
from creditrisk.domain.decision import NotControlled
from creditrisk.domain.findings import Code
from creditrisk.domain.papers import Category
from creditrisk.domain.parameter_shapes import Each, Record, Switches
from creditrisk.domain.parameters import Parameter, parameters_of
from creditrisk.domain.policy import Policy
from creditrisk.presets.loader import load_presets
from creditrisk.settings import Settings
from creditrisk.telemetry.metrics import Metrics

ROOT = Path(__file__).parents[1]
PAGES = sorted([*ROOT.glob("*.md"), *(ROOT / "docs").glob("*.md")])
LINK = re.compile(r"\]\((?!https?:)([^)#]*)(?:#([^)]*))?\)")
MENTION = re.compile(r"docs/(\w+)\.md(?:,\s+\"?([A-Z][a-z]+(?: [a-z]+)*))?")
FEATURE = re.compile(r"\b[FMCD][1-9][0-9]?\b")
README_LINES_MAX = 60


def text(page: str) -> str:
    return (ROOT / page).read_text(encoding="utf-8")


def headings(page: Path) -> list[str]:
    return re.findall(r"^#+ (.*)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def anchors(page: Path) -> set[str]:
    return {re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings(page)}


def rows(page: str) -> list[str]:
    """The first cells of all tables of a page, without their backquotes."""
    return re.findall(r"^ *\| `?([^|`]*[^|` ])`? *\|", text(page), re.MULTILINE)


def mentions() -> Iterator[tuple[Path, str, str]]:
    """Pages, and sections with what follows them, that the code refers to, also over the end of a line."""
    for path in [*(ROOT / "src").rglob("*.py"), *(ROOT / "migrations").rglob("*.*")]:
        if path.suffix in {".py", ".sql"}:
            source = re.sub(r"\s*\n(?:#|--)?\s*", " ", path.read_text(encoding="utf-8"))
            for page, section in MENTION.findall(source):
                yield path, page, section


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    for target, anchor in LINK.findall(page.read_text(encoding="utf-8")):
        linked = page.parent / target if target else page
        assert linked.exists(), target
        assert not anchor or anchor in anchors(linked), anchor


def test_the_code_refers_to_pages_and_sections_that_there_are() -> None:
    for path, page, section in mentions():
        there_are = headings(ROOT / "docs" / f"{page}.md")
        known = not section or any(f"{section} ".startswith(f"{heading} ") for heading in there_are)
        assert known, f"{path.name} names {section!r} of {page}.md"


def test_the_first_screen_is_one_screen() -> None:
    assert len(text("README.md").splitlines()) <= README_LINES_MAX


def test_every_feature_that_is_named_is_explained_in_the_sources() -> None:
    explained = set(FEATURE.findall(" ".join(rows("docs/sources.md"))))
    files = [*(ROOT / "src").rglob("*.py"), *(ROOT / "src").rglob("*.toml"), *PAGES]
    named = {name for file in files for name in FEATURE.findall(file.read_text(encoding="utf-8"))}
    assert named <= explained


def test_the_tests_that_prove_features_are_there() -> None:
    cells = [line.split("|")[-2] for line in text("docs/sources.md").splitlines() if line.startswith("| ")]
    named = {name for cell in cells for name in re.findall(r"`([^`]+)`", cell)}
    scenarios = {name for name in named if "/" not in name}
    missing = [name for name in scenarios if not (ROOT / f"tests/scenarios/test_{name}.py").exists()]
    missing += [name for name in named - scenarios if not (ROOT / name).exists()]
    assert len(scenarios) > 1
    assert missing == []


def test_findings_are_explained_in_their_order() -> None:
    codes = re.findall(r"`([A-Z_]{6,})`", text("docs/domain.md").split("\n## Findings")[1])
    assert list(dict.fromkeys(codes)) == list(Code)


@pytest.mark.parametrize(
    ("page", "names"),
    [
        ("docs/domain.md", list(Category)),
        ("docs/domain.md", list(NotControlled)),
        ("docs/domain.md", [name for name in load_presets() if name != "standard"]),
        ("docs/operations.md", [f"CREDITRISK_{name.upper()}" for name in Settings.model_fields]),
        ("docs/operations.md", list(Scope)),
        ("docs/api.md", [str(int(kind.status)) for kind in CATALOGUE]),
    ],
    ids=["categories", "not controlled", "presets", "settings", "scopes", "problems"],
)
def test_what_there_is_has_its_line(page: str, names: list[str]) -> None:
    listed = [row.removeprefix("`").split("`")[0] for row in rows(page)]
    assert [name for name in names if name not in listed] == []


def test_every_problem_has_its_code_on_the_page() -> None:
    for kind in CATALOGUE:
        assert f"| {int(kind.status)} | `{kind.code}` |" in text("docs/api.md")


def test_metrics_are_listed() -> None:
    families = {line.split()[2] for line in Metrics().render().decode().splitlines() if "# TYPE" in line}
    listed = set(rows("docs/operations.md"))
    assert {family for family in families if not family.endswith("_created")} <= listed


def parameter_rows(parameter: Parameter, *, within: str = "") -> Iterator[str]:
    """The lines of the table of parameters; an object of parameters has one for each of them."""
    name, values = f"{within}{parameter.name}", parameter.values
    inner = values.values if isinstance(values, Each) else values
    if isinstance(inner, Record):
        prefix = f"{name}.<step>." if isinstance(values, Each) else f"{name}."
        for each in parameters_of(inner.type):
            yield from parameter_rows(each, within=prefix)
        return
    default = "all true" if isinstance(values, Switches) else f"`{json.dumps(parameter.default)}`"
    accepts = values.accepts.replace(" | ", " \\| ")
    yield f"| `{name}` | {accepts} | {default} | {parameter.meaning} |"


def test_every_policy_parameter_is_explained() -> None:
    expected = [row for parameter in parameters_of(Policy) for row in parameter_rows(parameter)]
    section = text("docs/api.md").split("\n## Policy parameters\n")[1].split("\n## ")[0]
    assert [line for line in section.splitlines() if line.startswith("| `")] == expected
