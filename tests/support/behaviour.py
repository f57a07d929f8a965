"""What servers do in their own way, by version: the one place where a test's expectation depends on it."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Behaviour:
    """What the servers of one major version do.

    Attributes:
        has_procedures: whether it knows the message CallProcedure; another closes the connection.
        has_version_10: whether it serves schemas of version 10.
        refusal_of_a_set: the callback that is told when the set of a `Subscribe` is refused.
        unknown_procedure: what a call of a procedure that the module lacks fails with, as a pattern.
    """

    has_procedures: bool
    has_version_10: bool
    refusal_of_a_set: str
    unknown_procedure: str


BEHAVIOURS = {
    1: Behaviour(
        has_procedures=False,
        has_version_10=False,
        refusal_of_a_set="on_transaction_update",
        unknown_procedure=r"roll: servers of version 1\.\d+\.\d+ have no procedures",
    ),
    2: Behaviour(
        has_procedures=True,
        has_version_10=True,
        refusal_of_a_set="on_subscription_error",
        unknown_procedure="roll: No such procedure",
    ),
}
