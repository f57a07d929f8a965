"""Queries on one table, or on two joined ones, written as Python expressions that type checkers understand.

`tables.player.where(lambda p: (p.level >= 3) & (p.name != "Bob"))` is `SELECT * FROM player WHERE level >= 3 AND
name != 'Bob'`. The lambda is called once, with the columns of the table; comparing a column returns a
condition. Conditions are combined with `&` and `|`, and each comparison needs parentheses.

For type checkers, the columns are the attributes of the row class, which generated code annotates with `Column[...]`.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Generic, NoReturn, Self, TypeAlias, TypeVar, cast, overload

from .._engine.table_state import DECLARATION
from .._protocol.sql import has_literals, literal, quoted
from .._sats.annotation import Product, product_of
from .._sats.sats import SatsType
from .._sats.scalar import Boolean
from ..errors import ArgumentError, SubscriptionError
from ..text import printable

__all__ = [
    "Column",
    "Condition",
    "Join",
    "OpaqueColumn",
    "Query",
    "QueryLike",
    "Queryable",
    "Selection",
    "Source",
    "sql_of",
]

K = TypeVar("K")
R = TypeVar("R", bound=Product)
S = TypeVar("S", bound=Product)

_LEFT, _RIGHT = "a", "b"


class Condition:
    """Condition of a WHERE clause. Combine conditions with `&` and `|`; the server's SQL has no `NOT`."""

    def __init__(self, parts: tuple[Condition, ...], operator: str) -> None:
        self._parts = parts
        self._operator = operator

    def __and__(self, other: ConditionLike) -> Condition:
        return self._combined("AND", condition_of(other))

    def __or__(self, other: ConditionLike) -> Condition:
        return self._combined("OR", condition_of(other))

    def __bool__(self) -> NoReturn:
        _raise_no_truth_value()

    def _combined(self, operator: str, other: Condition) -> Condition:
        # `a & b & c` is one condition of three parts, not two nested ones.
        same = self._operator == operator
        return Condition((*(self._parts if same else (self,)), other), operator)

    def __sql__(self, alias: str = "") -> str:
        """Return the SQL of the condition, its columns qualified with the alias of their table, if any."""
        return f" {self._operator} ".join(part.__operand__(alias) for part in self._parts)

    def __operand__(self, alias: str) -> str:
        """Return the SQL of the condition as an operand of another one."""
        return f"({self.__sql__(alias)})"

    def __repr__(self) -> str:
        return f"<condition {self.__sql__()}>"


class _Comparison(Condition):
    """Comparison of a column with a value."""

    def __init__(self, column: str, operator: str, text: str) -> None:
        super().__init__((), operator)
        self._column = column
        self._text = text

    def __sql__(self, alias: str = "") -> str:
        return f"{_column_sql(self._column, alias)} {self._operator} {self._text}"

    def __operand__(self, alias: str) -> str:
        return self.__sql__(alias)


class Join:
    """Join condition: a column of one table equals a column of another."""

    def __init__(self, first: tuple[str, str], second: tuple[str, str]) -> None:
        self._sides = dict([first, second])

    def __bool__(self) -> NoReturn:
        _raise_no_truth_value()

    def __sql__(self) -> str:
        """Return the SQL of the join condition.

        Raises:
            TypeError: the two columns are not of different tables.
        """
        if self._sides.keys() != {_LEFT, _RIGHT}:
            raise TypeError("a join compares a column of one table with one of the other: lambda p, m: p.id == m.owner")
        return " = ".join(_column_sql(self._sides[alias], alias) for alias in (_LEFT, _RIGHT))


class _Annotation(Generic[K]):
    """Annotation of a column in a row class: of a row it is the value, of the class it is the column of queries."""

    if TYPE_CHECKING:

        @overload
        def __get__(self, row: None, owner: type[Product]) -> Self: ...
        @overload
        def __get__(self, row: Product, owner: type[Product]) -> K: ...
        def __get__(self, row: Product | None, owner: type[Product]) -> Self | K: ...

        # Rows are frozen: this is for the parameters of the row class.
        def __set__(self, row: Product, value: K) -> None: ...


def _value_type(_cls: type[object], value_type: object) -> object:
    """Return the type of the values: at run time, rows have plain attributes, and msgspec sees plain annotations."""
    return value_type


class OpaqueColumn(_Annotation[K]):
    """Column that queries cannot compare, because SQL has no literals of its type."""

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(_value_type)


class Column(_Annotation[K]):
    """Column that queries can compare with values. A boolean column is itself a condition, and `~` negates it.

    Args:
        name: the name of the column in the module.
        type_: the type of its values.
        alias: the alias of its table in the query, if any.
    """

    if not TYPE_CHECKING:
        __class_getitem__ = classmethod(_value_type)

    def __init__(self, name: str, type_: SatsType, alias: str) -> None:
        self._name = name
        self._type = type_
        self._alias = alias

    @overload  # type: ignore[override]  # returns a condition, not a bool
    def __eq__(self, other: Column[K], /) -> Join: ...  # type: ignore[overload-overlap]  # no column holds columns
    @overload
    def __eq__(self, other: K, /) -> Condition: ...
    def __eq__(self, other: Column[K] | K, /) -> Join | Condition:  # pyright: ignore[reportIncompatibleMethodOverride]
        if isinstance(other, Column):
            return self._join(cast("Column[K]", other))
        return self._compare("=", other)

    def __ne__(self, other: K, /) -> Condition:  # type: ignore[override]  # pyright: ignore[reportIncompatibleMethodOverride]
        return self._compare("!=", other)

    def __lt__(self, other: K, /) -> Condition:
        return self._compare("<", other)

    def __le__(self, other: K, /) -> Condition:
        return self._compare("<=", other)

    def __gt__(self, other: K, /) -> Condition:
        return self._compare(">", other)

    def __ge__(self, other: K, /) -> Condition:
        return self._compare(">=", other)

    def __and__(self: Column[bool], other: ConditionLike) -> Condition:
        return self.__condition__() & other

    def __or__(self: Column[bool], other: ConditionLike) -> Condition:
        return self.__condition__() | other

    def __invert__(self: Column[bool]) -> Condition:
        return self._compare("=", False)

    def __bool__(self) -> NoReturn:
        _raise_no_truth_value()

    __hash__ = None  # type: ignore[assignment]  # `==` does not return a bool

    def __repr__(self) -> str:
        return f"<column {self._name}>"

    def __condition__(self: Column[bool]) -> Condition:
        """Return the condition that the column is true."""
        if not isinstance(self._type, Boolean):
            raise TypeError(f"column {self._name} is not boolean: compare it with a value")
        return self._compare("=", True)

    def _compare(self, operator: str, value: object) -> Condition:
        try:
            return _Comparison(self._name, operator, literal(self._type, value))
        except (TypeError, ValueError) as error:
            raise type(error)(f"column {self._name}: {error}") from None

    def _join(self, other: Column[K]) -> Join:
        if self._type is not other._type or not has_literals(self._type):
            mine, theirs = self._type.type_string(), other._type.type_string()
            raise TypeError(f"columns {self._name} and {other._name} cannot be joined: they hold {mine} and {theirs}")
        return Join((self._alias, self._name), (other._alias, other._name))


class _Columns:
    """Columns of a row class in a query, one attribute each."""

    def __init__(self, row_class: type[Product], alias: str) -> None:
        self._row_class = row_class
        for field in product_of(row_class).fields:
            setattr(self, field.name, Column(field.wire_name, field.type, alias))

    def __getattr__(self, name: str) -> NoReturn:
        raise AttributeError(f"{self._row_class.__name__} has no column {name!r}")


def _columns(row_class: type[R], alias: str = "") -> type[R]:
    """Return the columns of a row class, which are its attributes for type checkers."""
    return cast("type[R]", _Columns(row_class, alias))


ConditionLike: TypeAlias = "Condition | Column[bool]"
"""Condition, or a boolean column, which is one."""


class Queryable:
    """What stands for a query: a table, for all its rows, or a typed query."""


QueryLike: TypeAlias = Queryable | str
"""Query to subscribe to: a table, for all its rows, a typed query, or SQL."""


class Query(Queryable, Generic[R]):
    """Query on the database, to subscribe to or to run once.

    Attributes:
        row_class: the class of the rows.
        table_name: the table of the rows, by its name in the module.
        sql: the SQL of the query.
    """

    def __init__(self, row_class: type[R], table_name: str, sql: str) -> None:
        self.row_class = row_class
        self.table_name = table_name
        self.sql = sql

    def __repr__(self) -> str:
        return f"<query {self.sql}>"


class Source(Queryable, Generic[R]):
    """Source of rows for queries: a table, or a selection of its rows."""

    def where(self, condition: Callable[[type[R]], ConditionLike]) -> Selection[R]:
        """Select the rows that meet a condition: `where(lambda p: (p.level >= 3) & (p.name != "Bob"))`.

        Args:
            condition: takes the columns of the table, and returns a condition.

        Raises:
            TypeError: it does not return a condition, or uses `and`, `or` or `not`; or a value is not of the type of
                its column.
            ValueError: SQL has no literal for a value.
        """
        rows = _selection(self)
        further = condition_of(condition(_columns(rows.row_class)))
        both = further if rows.condition is None else rows.condition & further
        return Selection(rows.row_class, rows.table_name, both)

    def semijoin(self, other: Source[S], *, on: Callable[[type[R], type[S]], Join]) -> Query[R]:
        """Select the rows that match a row of another table: `player.semijoin(match, on=lambda p, m: p.id == m.owner)`.

        The server allows it only if there is an index for it. A row with several matches is in the cache once.

        Args:
            other: the other table, or a selection of its rows.
            on: takes the columns of both tables, and compares a column of one with a column of the other.

        Raises:
            TypeError: `on` does not compare columns of the same type, one of each table.
        """
        rows, others = _selection(self), _selection(other)
        join = cast("object", on(_columns(rows.row_class, _LEFT), _columns(others.row_class, _RIGHT)))
        if not isinstance(join, Join):
            raise TypeError(f"a join compares two columns, as in lambda p, m: p.id == m.owner; got {join!r}")
        tables = f"{quoted(rows.table_name)} AS {_LEFT} JOIN {quoted(others.table_name)} AS {_RIGHT}"
        sides = ((rows.condition, _LEFT), (others.condition, _RIGHT))
        conditions = [condition.__operand__(alias) for condition, alias in sides if condition is not None]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT {_LEFT}.* FROM {tables} ON {join.__sql__()}{where}"  # noqa: S608 - quoted
        return Query(rows.row_class, rows.table_name, sql)


class Selection(Query[R], Source[R]):
    """Query on one table, which can be narrowed further.

    Attributes:
        condition: the condition that its rows meet; None for all rows.
    """

    def __init__(self, row_class: type[R], table_name: str, condition: Condition | None = None) -> None:
        where = "" if condition is None else f" WHERE {condition.__sql__()}"
        super().__init__(row_class, table_name, f"SELECT * FROM {quoted(table_name)}{where}")  # noqa: S608 - quoted
        self.condition = condition


def _selection(source: Source[R]) -> Selection[R]:
    """Return the rows of a source as a selection.

    Raises:
        SubscriptionError: it is an event table.
    """
    if isinstance(source, Selection):
        return source
    declared = DECLARATION.of(source)
    rows = Selection(cast("type[R]", declared.row), declared.name)  # the table's own row class
    if declared.is_event:
        raise SubscriptionError(
            (rows.sql,), f"{declared.name} is an event table, which this protocol cannot subscribe to"
        )
    return rows


def sql_of(query: QueryLike) -> str:
    """Return the SQL of a query.

    Raises:
        ArgumentError: it is none.
        SubscriptionError: it is an event table.
    """
    if isinstance(query, str):
        return query
    if isinstance(query, Query):
        return query.sql
    if isinstance(query, Source):
        return _selection(cast("Source[Product]", query)).sql
    what = f"the class {query.__name__}" if isinstance(query, type) else f"{type(query).__name__} {query!r:.60}"
    raise ArgumentError("query", f"expected a table such as tables.player, a typed query or SQL, got {printable(what)}")


def condition_of(condition: object) -> Condition:
    """Return a condition as it is, or the condition that a boolean column is true.

    Args:
        condition: a condition, or a boolean column.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(condition, Condition):
        return condition
    if isinstance(condition, Column):
        return cast("Column[bool]", condition).__condition__()
    raise TypeError(f"a query needs a condition, as in lambda p: p.level >= 3; got {condition!r}")


def _column_sql(column: str, alias: str) -> str:
    return f"{alias}.{quoted(column)}" if alias else quoted(column)


def _raise_no_truth_value() -> NoReturn:
    raise TypeError(
        "a condition has no truth value in Python: combine conditions with & and | instead of "
        "and, or, not and chained comparisons, each in parentheses: (p.level >= 3) & (p.name != 'Bob')"
    )
