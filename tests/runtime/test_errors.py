"""Errors about queries: what their texts show, and what they keep."""

from __future__ import annotations

import pytest

from stdb_runtime import QueryError, SubscriptionError

LONG = "SELECT * FROM player WHERE " + " OR ".join(f"level = {level}" for level in range(10_000))
SHORT, OTHER = "SELECT * FROM player", "SELECT * FROM nowhere"
REASON = "`nope` is not in scope"
SUBSCRIPTION_REASON = f"{REASON}, executing: `{LONG}`"


def test_a_long_query_is_shown_by_its_beginning_and_kept_whole() -> None:
    error = SubscriptionError((LONG,), SUBSCRIPTION_REASON)
    assert str(error) == f"{REASON} (in {LONG[:200]}... ({len(LONG)} characters))"
    assert (error.query, error.queries, error.message) == (LONG, (LONG,), SUBSCRIPTION_REASON)
    one_off = QueryError(LONG, REASON)
    assert str(one_off) == str(error)
    assert (one_off.query, one_off.message) == (LONG, REASON)


def test_a_text_that_repeats_a_long_query_is_short() -> None:
    unsupported = f"Unsupported: {LONG}"
    one_off = QueryError(LONG, unsupported)
    assert str(one_off).startswith(f"Unsupported: {LONG[:200]}... ({len(LONG)} characters) (in {LONG[:200]}")
    assert len(str(one_off)) < 600
    assert str(SubscriptionError((LONG,), f"{unsupported}, executing: `{LONG}`")) == str(one_off)
    assert len(str(QueryError(SHORT, LONG))) < 400
    assert str(QueryError("", REASON)) == f"{REASON} (in )"


def test_a_short_one_is_shown_once() -> None:
    error = SubscriptionError((OTHER,), f"no such table, executing: `{OTHER}`")
    assert str(error) == f"no such table (in {OTHER})"


def test_the_server_says_which_of_several_failed() -> None:
    error = SubscriptionError((SHORT, OTHER, LONG), f"no such table, executing: `{OTHER}`")
    assert str(error) == f"no such table (in query 2 of 3: {OTHER})"
    assert (error.query, error.queries) == (OTHER, (SHORT, OTHER, LONG))


def test_a_query_that_ends_as_the_texts_do_is_not_mistaken() -> None:
    """One query may stand at the end of another one, in the same quotes."""
    whole = f"SELECT * FROM message WHERE text = ', executing: `{SHORT}"
    error = SubscriptionError((SHORT, whole), f"Unterminated, executing: `{whole}`")
    assert error.query == whole
    assert str(error) == f"Unterminated (in query 2 of 2: {whole})"


@pytest.mark.parametrize("count", [2, 3, 60])
def test_if_it_does_not_say_which_the_first_ones_are_shown(count: int) -> None:
    queries = tuple(f"SELECT * FROM player WHERE level = {number}" for number in range(count))
    error = SubscriptionError(queries, "it was unsubscribed before its rows arrived")
    more = "; ..." if count > 3 else ""
    shown = f"{count} queries: {'; '.join(queries[:3])}{more}"
    assert str(error) == f"it was unsubscribed before its rows arrived (in {shown})"
    assert (error.query, error.queries) == (None, queries)
    assert len(str(SubscriptionError((LONG,) * count, "unknown"))) < 400


def test_without_queries_there_is_the_text_alone() -> None:
    assert (str(SubscriptionError((), "no")), SubscriptionError((), "no").query) == ("no", None)


def test_texts_are_safe_to_print() -> None:
    token = "eyJhbGciOiJFUzI1NiJ9.eyJzdWIiOiJzZWNyZXQifQ.c2VjcmV0"
    query = f"SELECT * FROM player\nWHERE name = '{token}'"
    for error in (QueryError(query, "no\x1b[31m"), SubscriptionError((query,), f"no\x1b[31m, executing: `{query}`")):
        assert str(error) == "no\\x1b[31m (in SELECT * FROM player\\nWHERE name = '(token)')"
