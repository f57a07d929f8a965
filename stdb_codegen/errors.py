"""Errors of the generator, in one hierarchy.

CodegenError
├── ConfigError          invalid configuration in pyproject.toml
├── SourceError          the schema cannot be read: no such file, no such database, no answer
├── SchemaError          invalid schema, or one that holds something that cannot be generated
│   └── NameCollisionError   two names of the schema become one Python name
├── TemplateError        invalid custom template
└── OutputError          the package cannot be written to its folder
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from stdb_codegen.text import LONGEST, printable

if TYPE_CHECKING:
    from collections.abc import Iterable

__all__ = [
    "CodegenError",
    "ConfigError",
    "NameCollisionError",
    "OutputError",
    "SchemaError",
    "SourceError",
    "TemplateError",
    "check_distinct",
]


class CodegenError(Exception):
    """Base class of the generator's errors; its text is one printable line of limited length.

    Args:
        place: location of the problem: a path, an address, or a part of the schema.
        problem: description of the problem.
        remedy: instruction to the user; empty if the problem implies it.
    """

    def __init__(self, place: str, problem: str, remedy: str = "") -> None:
        super().__init__(place, problem, remedy)
        self.place = place
        self.problem = problem
        self.remedy = remedy

    def __str__(self) -> str:
        place, problem, remedy = (printable(part, LONGEST) for part in (self.place, self.problem, self.remedy))
        return f"{place}: {problem}" + (f"; {remedy}" if remedy else "")


class ConfigError(CodegenError):
    """Invalid configuration."""


class SourceError(CodegenError):
    """Failure to read a schema from its source."""


class SchemaError(CodegenError):
    """Invalid schema, or one that holds something that cannot be generated."""


class NameCollisionError(SchemaError):
    """Collision of two names of the schema, which become one Python name.

    Args:
        place: namespace of both names.
        python_name: Python name of both.
        first: one name, as in the schema.
        second: the other name, as in the schema.
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
    """Invalid custom template."""


class OutputError(CodegenError):
    """Failure to write a package to its folder."""


def check_distinct(place: str, names: Iterable[tuple[str, str]]) -> None:
    """Refuse a namespace in which two schema names share one Python name.

    Args:
        place: description of the namespace, for errors.
        names: pairs of a schema name and its Python name.

    Raises:
        NameCollisionError: two of them share a Python name.
    """
    owners: dict[str, str] = {}
    for schema_name, python_name in names:
        if python_name in owners:
            raise NameCollisionError(place, python_name, owners[python_name], schema_name)
        owners[python_name] = schema_name
