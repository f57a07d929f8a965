"""What can go wrong, as one tree.

CodegenError
├── ConfigError          pyproject.toml does not say what to generate, or not in a way that is understood
├── SourceError          the schema cannot be had: no such file, no such database, no answer
├── SchemaError          what was read is not a schema, or holds what cannot be generated
│   └── NameCollisionError   two names of the schema become one Python name
├── TemplateError        a template of the user's own cannot be used
└── OutputError          the package cannot be written where it was asked for
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.text import LONGEST, shown

if TYPE_CHECKING:
    from collections.abc import Iterable


class CodegenError(Exception):
    """Root of all errors of the generator; its text is always one printable line, of limited length.

    Args:
        place: Where: a path, an address, or a path into the schema.
        problem: What is wrong there.
        remedy: What to do about it, as an imperative; empty when the problem says it already.
    """

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        super().__init__(place, problem, remedy)
        self.place = place
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        place, problem, remedy = (shown(part, LONGEST) for part in (self.place, self.problem, self.remedy))
        return f"{place}: {problem}" + (f"; {remedy}" if remedy else "")


class ConfigError(CodegenError):
    """The configuration is not understood."""


class SourceError(CodegenError):
    """The schema cannot be had."""


class SchemaError(CodegenError):
    """What was read is not a schema, or holds something that cannot be generated."""


class NameCollisionError(SchemaError):
    """Two names of the schema become one Python name.

    Args:
        place: The namespace that both names live in.
        python_name: The name that both become.
        first: One name, as the schema has it.
        second: The other one.
    """

    def __init__(self, place: str, python_name: str, first: str, second: str) -> None:
        super().__init__(
            place,
            f"{first!r} and {second!r} both become {python_name!r}",
            "give one of them another name, in the module or by a rename in the configuration",
        )
        self.python_name = python_name
        self.first = first
        self.second = second


class TemplateError(CodegenError):
    """A template of the user's own cannot be used."""


class OutputError(CodegenError):
    """The package cannot be written where it was asked for."""


def check_distinct(place: str, names: Iterable[tuple[str, str]]) -> None:
    """Refuse a namespace in which two schema names share one Python name.

    Args:
        place: What to call the namespace in the error.
        names: Pairs of a schema name and the Python name that it became.

    Raises:
        NameCollisionError: Two of them share a Python name.
    """
    owners: dict[str, str] = {}
    for schema_name, python_name in names:
        if python_name in owners:
            raise NameCollisionError(place, python_name, owners[python_name], schema_name)
        owners[python_name] = schema_name
