"""The project's own rules about its code, so that running the tests alone tells the truth."""

import ast
import re
from collections.abc import Iterator
from pathlib import Path

import pytest
from importlinter.cli import EXIT_STATUS_SUCCESS, lint_imports

ROOT = Path(__file__).parents[1]
PACKAGE = ROOT / "src" / "creditrisk"

# Names that say what kind of thing a file holds, not what it is about, so that everything ends up in them.
EMPTY_NAMES = {"base", "common", "misc", "models", "services"} | {
    f"{name}{plural}" for name in ("helper", "manager", "util") for plural in ("", "s")
}
LINES_MAX = 400
FUNCTION_LINES_MAX = 60

LEFT_FOR_LATER = re.compile(r"#[^\"']*\b(TODO|FIXME|XXX|HACK)\b|\bNotImplementedError\b")
SUPPRESSION_WITHOUT_REASON = re.compile(r"#\s*(noqa(:\s*[\w, ]+)?|type:\s*ignore(\[[\w, -]+\])?)\s*$")
NOT_RUN = re.compile(r"\bpytest\.(skip|importorskip|mark\.(skip|skipif|xfail))\b")


def sources(*folders: str) -> list[Path]:
    """Every Python file of the folders that a person has written."""
    return sorted(path for folder in folders for path in (ROOT / folder).rglob("*.py"))


def named(paths: list[Path]) -> list[str]:
    """The paths as they read from the top of the project."""
    return [str(path.relative_to(ROOT)) for path in paths]


def lines_matching(pattern: re.Pattern[str], paths: list[Path]) -> list[str]:
    return [
        f"{path.relative_to(ROOT)}:{number}: {line.strip()}"
        for path in paths
        if path != Path(__file__)
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if pattern.search(line)
    ]


def functions(path: Path) -> Iterator[ast.FunctionDef | ast.AsyncFunctionDef]:
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            yield node


def is_at_most_a_docstring(path: Path) -> bool:
    module = ast.parse(path.read_text(encoding="utf-8"))
    return len(module.body) == (ast.get_docstring(module) is not None)


def test_imports_point_downwards_only_and_the_domain_imports_nothing(
    capsys: pytest.CaptureFixture[str],
) -> None:
    status = lint_imports(config_filename=str(ROOT / "pyproject.toml"), no_cache=True, no_logo=True)

    assert status == EXIT_STATUS_SUCCESS, capsys.readouterr().out


def test_every_module_is_named_by_what_it_is_about() -> None:
    paths = [path for path in sources("src") if EMPTY_NAMES & {*path.relative_to(ROOT).parts, path.stem}]

    assert named(paths) == []


def test_no_module_is_too_long_to_read_at_once() -> None:
    paths = [
        path
        for path in sources("src", "tests", "migrations")
        if len(path.read_text(encoding="utf-8").splitlines()) > LINES_MAX and "versions" not in path.parts
    ]

    assert named(paths) == []


def test_no_function_is_too_long_to_read_at_once() -> None:
    long = [
        f"{path.relative_to(ROOT)}: {function.name} has {length} lines"
        for path in sources("src")
        for function in functions(path)
        if (length := (function.end_lineno or 0) - function.lineno + 1) > FUNCTION_LINES_MAX
    ]

    assert long == []


def test_packages_hold_no_code_so_that_every_name_has_one_address() -> None:
    paths = [
        path
        for path in PACKAGE.rglob("__init__.py")
        if path.parent != PACKAGE and not is_at_most_a_docstring(path)
    ]

    assert named(paths) == []


def test_nothing_is_left_for_later_in_the_code() -> None:
    assert lines_matching(LEFT_FOR_LATER, sources("src", "tests", "migrations", "bench")) == []


def test_every_suppressed_complaint_gives_its_reason() -> None:
    assert lines_matching(SUPPRESSION_WITHOUT_REASON, sources("src", "tests", "migrations", "bench")) == []


def test_every_test_runs() -> None:
    assert lines_matching(NOT_RUN, sources("tests")) == []


def test_the_locks_name_packages_and_no_place_they_come_from() -> None:
    for lock in (ROOT / "requirements.lock", ROOT / "requirements-dev.lock"):
        for line in lock.read_text(encoding="utf-8").splitlines():
            assert re.fullmatch(r"[a-z0-9-]+==\S+( ; .+)? \\|    --hash=sha256:[0-9a-f]{64}( \\)?|#.*|", line)


def test_what_runs_is_locked_in_the_same_versions_with_and_without_the_tools() -> None:
    running, developing = (
        set(re.findall(r"^\S+==\S+", (ROOT / name).read_text(encoding="utf-8"), flags=re.MULTILINE))
        for name in ("requirements.lock", "requirements-dev.lock")
    )

    assert running <= developing
