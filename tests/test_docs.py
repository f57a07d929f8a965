"""What the documents promise: sections that the code cites are there, links lead somewhere, samples are real JSON."""

from __future__ import annotations

import ast
import inspect
import json
import re
import tokenize
from functools import cache
from pathlib import Path

import pytest

import game_client
import stdb_runtime
from stdb_codegen.cli import main
from stdb_runtime import Backoff
from stdb_runtime._protocol.v1_json import messages as wire
from tests.support.recordings import FOLDER, RECORDINGS, rows_of

ROOT = Path(__file__).resolve().parents[1]
CLIENT = ROOT / "docs" / "client.md"
README = ROOT / "README.md"
PROTOCOL = ROOT / "docs" / "protocol.md"
SOURCES = sorted(path for package in ("stdb_codegen", "stdb_runtime") for path in (ROOT / package).rglob("*.py"))
DOCUMENTS = [
    *(ROOT / f"{name}.md" for name in ("README", "CONTRIBUTING", "SECURITY", "CHANGELOG")),
    *sorted((ROOT / "docs").glob("*.md")),
]

# `docs/protocol.md, 3.3 and 9`; never the start of a version such as 1.2.0.
NAMED = re.compile(r"docs/protocol\.md, ((?:\d+(?:\.\d+)?(?:, | and ))*\d+(?:\.\d+)?)(?!\.?\d)")
# `(3.1, 3.3)`: a parenthesis that holds sections and nothing else, and that is no call and no code.
BARE = re.compile(r"(?<![\w`])\((\d+\.\d+(?:(?:, | and )\d+\.\d+)*)\)")


def prose_of(source: str) -> str:
    """The docstrings and comments of a module, with line breaks as blanks."""
    parts = [
        node.value.value
        for node in ast.walk(ast.parse(source))
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str)
    ]
    last = -1
    for token in tokenize.generate_tokens(iter(source.splitlines(keepends=True)).__next__):
        if token.type == tokenize.COMMENT:
            text = token.string.lstrip("# ")
            if token.start[0] == last + 1 and token.line.lstrip().startswith("#"):
                parts[-1] += f" {text}"
            else:
                parts.append(text)
            last = token.start[0]
    return "\n".join(re.sub(r"\s+", " ", part) for part in parts)


def sections_in(pattern: re.Pattern[str], prose: str) -> list[str]:
    """The sections that a text cites in one of the two spellings."""
    return [number for match in pattern.finditer(prose) for number in re.split(r", | and ", match[1])]


@cache
def anchors_of(document: Path) -> frozenset[str]:
    """What a `#fragment` may name in a document: explicit anchors, and headings as GitHub spells them."""
    text = without_code(document.read_text())
    headings = re.findall(r"^#+ +(.+?) *$", text, re.MULTILINE)
    slugs = (re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings)
    return frozenset({*re.findall(r'<a id="([^"]+)"></a>', text), *slugs})


def without_code(markdown: str) -> str:
    """A document without its blocks of code."""
    return re.sub(r"^```.*?^```$", "", markdown, flags=re.MULTILINE | re.DOTALL)


def blocks(document: Path, language: str) -> list[str]:
    """The blocks of code of a document in a language."""
    return re.findall(rf"^```{language}\n(.*?)^```$", document.read_text(), re.MULTILINE | re.DOTALL)


def links_of(markdown: str) -> list[str]:
    """The targets of a document's links, but for those to other places of the network."""
    text = re.sub(r"`[^`\n]+`", "", without_code(markdown))
    targets: list[str] = re.findall(r"\]\(([^)\s]+)\)", text) + re.findall(r"^\[[^\]]+\]: *(\S+)", text, re.MULTILINE)
    return [target for target in targets if not re.match(r"[a-z]+:", target)]


@cache
def recorded() -> str:
    """All that was recorded: messages, the rows in them, and schemas."""
    texts = [text for recording in RECORDINGS for text in (*recording.sent(), *recording.received())]
    messages = (wire.decode(text) for recording in RECORDINGS for text in recording.received())
    texts += (row for message in messages for _, rows in rows_of(message) for row in rows)
    schemas = (json.dumps(json.loads(path.read_text()), separators=(",", ":")) for path in FOLDER.glob("*/*.json"))
    return "\n".join((*texts, *schemas))


# --- citations --------------------------------------------------------------------------------------------------------


def test_every_citation_leads_to_a_section() -> None:
    known = {anchor[1:].replace("-", ".") for anchor in anchors_of(PROTOCOL) if re.fullmatch(r"s\d+(-\d+)?", anchor)}
    assert {"0", "1.1", "4.7", "6.3", "10"} <= known
    cited: list[str] = []
    for path in SOURCES:
        prose = prose_of(path.read_text())
        numbers = sections_in(NAMED, prose) + sections_in(BARE, prose)
        lost = [number for number in numbers if number not in known]
        assert not lost, f"{path.relative_to(ROOT)} cites what docs/protocol.md does not have: {lost}"
        cited += numbers
    assert len(cited) > 50, "the citations are not found any more"


def test_bare_citations_stand_where_the_document_is_named() -> None:
    for path in SOURCES:
        prose, name = prose_of(path.read_text()), path.relative_to(ROOT)
        if sections_in(BARE, prose):
            assert sections_in(NAMED, prose), f"{name}: write its first citation (docs/protocol.md, X.Y)"
        for mention in re.findall(r"docs/protocol\.md.{,20}", prose):
            assert NAMED.match(mention), f"{name} names no section: {mention!r}"
        assert "protocol notes" not in prose, f"{name}: write docs/protocol.md"


@pytest.mark.parametrize(
    ("text", "named", "bare"),
    [
        ("# as it must be (docs/protocol.md, 3.3 and 9).", ["3.3", "9"], []),
        ('"""See docs/protocol.md,\n    4.2."""', ["4.2"], []),
        ("# first (docs/protocol.md,\n# 1.1), then (4.2) and (3.1, 3.3)", ["1.1"], ["4.2", "3.1", "3.3"]),
        ("# servers of docs/protocol.md, 1.2.0 and (1.2.0), such as (1, 2, 0), `f`(1.5) and call(2.5)", [], []),
        ("x = (3.2)\ny = '(docs/protocol.md, 3.2)'", [], []),
    ],
)
def test_what_is_a_citation(text: str, named: list[str], bare: list[str]) -> None:
    prose = prose_of(text)
    assert (sections_in(NAMED, prose), sections_in(BARE, prose)) == (named, bare)


# --- links ------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("document", DOCUMENTS, ids=lambda path: path.name)
def test_every_link_leads_somewhere(document: Path) -> None:
    for link in links_of(document.read_text()):
        name, _, fragment = link.partition("#")
        target = (document.parent / name).resolve() if name else document
        assert target.is_relative_to(ROOT), f"{link} leads out of the repository"
        assert target.exists(), f"{link} leads nowhere"
        if fragment:
            assert fragment in anchors_of(target), f"{link}: {target.name} has no such heading or anchor"


def test_the_readme_leads_to_every_page() -> None:
    linked = {(ROOT / link.partition("#")[0]).resolve() for link in links_of(README.read_text())}
    pages = {path for path in DOCUMENTS if not path.name.startswith("architecture-")} - {README}
    assert not [path.name for path in pages - linked]
    assert len(README.read_text().splitlines()) < 200, "the README is for the first minutes: move the rest to docs/"


def test_links_are_found() -> None:
    text = "[a](b.md) [c](d.md#e) [f]: x\n`[no](code)` [g](https://h) [i](#j)\n```\n[no](block)\n```\n[k]: l.md\n"
    assert links_of(text) == ["b.md", "d.md#e", "#j", "l.md"]
    assert any(links_of(document.read_text()) for document in DOCUMENTS)


# --- names ------------------------------------------------------------------------------------------------------------


def first_column(page: str, heading: str) -> set[str]:
    """The words in code at the start of the rows of the table below a heading."""
    _, _, rest = (ROOT / "docs" / page).read_text().partition(f"\n## {heading}\n")
    rows = re.findall(r"^\| (`.*?) \|", rest.partition("\n## ")[0], re.MULTILINE)
    return {name for row in rows for name in re.findall(r"`([\w-]+)", row)}


def test_the_options_of_a_handler_connection_are_its_parameters() -> None:
    parameters = set(inspect.signature(stdb_runtime.connect).parameters)
    assert first_column("handler.md", "Options") <= parameters
    assert first_column("handler.md", "Calls") <= set(dir(stdb_runtime.RawConnection))


def test_the_defaults_of_a_handler_connection_are_those_that_its_page_states() -> None:
    _, _, rest = (ROOT / "docs" / "handler.md").read_text().partition("\n## Options\n")
    stated = dict(re.findall(r"^\| `(\w+)` \| (.*?) \|", rest.partition("\n## ")[0], re.MULTILINE))
    required = {name for name, default in stated.items() if default.startswith("required")}
    assert required == {"host", "database", "handler"}
    parameters = inspect.signature(stdb_runtime.connect).parameters
    assert stated.keys() == set(parameters) - {"uri"}, "all options are listed, and `uri` beside `host`"
    backoff = {"reconnect_delay_ms": "500", "max_reconnect_delay_ms": "30 000", "jitter": "0.0"}
    assert backoff.items() <= stated.items()
    assert Backoff(0.5, 30.0, 0.0) == Backoff(), "which these are instead of"
    for name in stated.keys() - required - backoff.keys():
        default = parameters[name].default
        written = "`Backoff()`" if default == Backoff() else str(default)
        assert stated[name].replace(" ", "") == written, name


def test_the_options_of_generate_are_there() -> None:
    known = {flag for option in main.commands["generate"].params for flag in option.opts}
    listed = first_column("generator.md", "What is written")
    assert len(listed) > 6
    assert listed <= known


def test_the_options_of_connect_are_there() -> None:
    parameters = set(inspect.signature(game_client.connect).parameters)
    (row,) = re.findall(r"^\| `connect\(.*$", CLIENT.read_text(), re.MULTILINE)
    listed = set(re.findall(r"`(\w+)`", row))
    assert "verify_schema" in listed
    assert listed <= parameters


# --- samples ----------------------------------------------------------------------------------------------------------


def test_the_quickstart_is_the_example() -> None:
    example = (ROOT / "examples" / "game" / "main.py").read_text()
    assert example in blocks(README, "python")
    assert len(example.splitlines()) < 60


def test_samples_were_recorded() -> None:
    samples = [line for block in blocks(PROTOCOL, "json") for line in block.splitlines()]
    assert len(samples) > 30
    for sample in samples:
        assert isinstance(json.loads(sample), dict | list)
        assert sample in recorded(), f"in no recording: {sample}"


def test_files_that_the_protocol_names_are_there() -> None:
    text = PROTOCOL.read_text()
    names = set(re.findall(r"`((?:\d+\.\d+\.\d+)/[\w.-]+)`", text))
    assert "2.8.3/arena.jsonl" in names
    assert not [name for name in names if not (FOLDER / name).exists()]
    for name in set(re.findall(r"both `(\w+\.jsonl)`", text)):
        assert all((FOLDER / version / name).exists() for version in ("1.2.0", "2.8.3"))
