"""The files in `cases` are read by both checkers, and each line must be judged as its comment says.

A line that ends in `# accept: T` holds a `reveal_type` whose answer is `T`. One that ends in `# reject` must
be refused, and one that ends in `# reject: code code` for these reasons (mypy's error codes, basedpyright's
rules). All other lines must pass.
"""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import pytest

from tests.typing import checkers
from tests.typing.checkers import CASES, Findings, Line

if TYPE_CHECKING:
    from pathlib import Path

MARKER = re.compile(r"#\s*(?P<kind>accept|reject)\b(?::\s*(?P<what>.*\S))?\s*$")
FILES = sorted(CASES.glob("*.py"))


@pytest.fixture(scope="session")
def findings() -> dict[str, Findings]:
    """What each checker says about all cases, found out once."""
    return {"mypy": checkers.mypy(CASES), "basedpyright": checkers.basedpyright(CASES)}


def disagreement(source: str, said: Line) -> str | None:
    """Compare what a checker said about a line with the line's comment."""
    marker = MARKER.search(source)
    kind, what = (marker["kind"], marker["what"]) if marker else (None, None)
    if kind == "reject":
        if not said.complaints:
            return "was accepted"
        if what and not said.codes & set(what.split()):
            return f"was refused for another reason: {', '.join(said.codes)}: {said.complaints}"
        return None
    if said.complaints:
        return f"was refused: {said.complaints}"
    if kind == "accept" and said.revealed != [what]:
        return f"has another type: {said.revealed}"
    if kind is None and said.revealed:
        return "reveals a type, and does not say which it should be"
    return None


@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
@pytest.mark.parametrize("case", FILES, ids=lambda path: path.stem)
def test_case(case: Path, checker: str, findings: dict[str, Findings]) -> None:
    lines = case.read_text("utf-8").splitlines()
    said = findings[checker][case]
    wrong = [
        f"{case.name}:{number}: {problem}\n    {source.strip()}"
        for number, source in enumerate(lines, 1)
        if (problem := disagreement(source, said[number]))
    ]
    if wrong:
        pytest.fail(f"{checker} disagrees\n" + "\n".join(wrong), pytrace=False)


@pytest.mark.parametrize("checker", ["mypy", "basedpyright"])
def test_nothing_else_is_complained_about(checker: str, findings: dict[str, Findings]) -> None:
    """The generated package and the runtime, which the cases import, are clean."""
    elsewhere = [
        f"{path}:{number}: {line.complaints}"
        for path, lines in findings[checker].items()
        for number, line in lines.items()
        if path not in FILES and line.complaints
    ]
    if elsewhere:
        pytest.fail(f"{checker} complains\n" + "\n".join(elsewhere), pytrace=False)


@pytest.mark.parametrize(
    ("source", "said", "problem"),
    [
        ("f(1)", Line(), None),
        ("f(1)", Line(complaints=["no"]), "was refused: ['no']"),
        ("reveal_type(x)", Line(revealed=["int"]), "reveals a type, and does not say which it should be"),
        ("reveal_type(x)  # accept: int", Line(revealed=["int"]), None),
        ("reveal_type(x)  # accept: int", Line(revealed=["Any"]), "has another type: ['Any']"),
        ("reveal_type(x)  # accept: int", Line(), "has another type: []"),
        ("f(1)  # reject", Line(complaints=["no"], codes={"arg-type"}), None),
        ("f(1)  # reject", Line(), "was accepted"),
        ("f(1)  # reject: arg-type rule", Line(complaints=["no"], codes={"arg-type"}), None),
        (
            "f(1)  # reject: arg-type rule",
            Line(complaints=["no"], codes={"name-defined"}),
            "was refused for another reason: name-defined: ['no']",
        ),
    ],
)
def test_judgement_itself(source: str, said: Line, problem: str | None) -> None:
    assert disagreement(source, said) == problem


def test_there_are_cases() -> None:
    assert FILES
