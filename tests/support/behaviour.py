"""What servers do in their own way, by version: the one place where a test's expectation depends on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """What the servers of one major version do.

    Attributes:
        has_procedures: whether it knows the message CallProcedure; another closes the connection.
        has_version_10: whether it serves schemas of version 10.
        unknown_procedure: what a call of a procedure that the module lacks fails with, as a pattern.
    """

    has_procedures: bool
    has_version_10: bool
    unknown_procedure: str


BEHAVIOURS = {
    1: Behaviour(
        has_procedures=False,
        has_version_10=False,
        unknown_procedure=r"roll: servers of version 1\.\d+\.\d+ have no procedures",
    ),
    2: Behaviour(
        has_procedures=True,
        has_version_10=True,
        unknown_procedure="roll: No such procedure",
    ),
}
