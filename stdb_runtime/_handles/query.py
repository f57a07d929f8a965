"""Queries on one table, or on two joined ones, written as Python expressions that type checkers understand.

`tables.player.where(lambda p: (p.level >= 3) & (p.name != "Bob"))` is `SELECT * FROM player WHERE level >= 3 AND
name != 'Bob'`. The lambda is called once, with the columns of the table; comparing a column returns a
condition. Conditions are combined with `&` and `|`, and each comparison needs parentheses.
"""

from __future__ import annotations

import copy
from abc import ABC, abstractmethod
from collections.abc import Callable
from typing import Generic, NoReturn, Self, TypeAlias, TypeVar, cast, get_args, get_origin, overload

from .._protocol.sql import literal, quoted
from .._sats.annotation import Product

__all__ = ["Column", "Columns", "Condition", "Join", "OpaqueColumn", "Query", "Selectable", "Selection"]

K = TypeVar("K")
R = TypeVar("R", bound=Product)
S = TypeVar("S", bound=Product)
C = TypeVar("C", bound="Columns")
D = TypeVar("D", bound="Columns")

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


class Column(Generic[K]):
    """Column that queries can compare with values. A boolean column is itself a condition, and `~` negates it.

    The type argument is the type of the column, with its range.

    Args:
        name: the name of the column in the module.
    """

    __orig_class__: object  # set by `typing`: the class with its type argument

    def __init__(self, name: str) -> None:
        self._name = name
        self._alias = ""

    def __get__(self, columns: Columns | None, owner: type[Columns]) -> Self:
        if columns is None:
            return self
        bound = copy.copy(self)
        bound._alias = columns.__alias__
        return bound

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
        if self._annotation() is not bool:
            raise TypeError(f"column {self._name} is not boolean: compare it with a value")
        return self._compare("=", True)

    def _annotation(self) -> object:
        return get_args(self.__orig_class__)[0]

    def _compare(self, operator: str, value: object) -> Condition:
        try:
            return _Comparison(self._name, operator, literal(self._annotation(), value))
        except (TypeError, ValueError) as error:
            raise type(error)(f"column {self._name}: {error}") from None

    def _join(self, other: Column[K]) -> Join:
        mine, theirs = self._annotation(), other._annotation()
        if mine != theirs:
            raise TypeError(f"columns {self._name} and {other._name} cannot be joined: they hold {mine} and {theirs}")
        return Join((self._alias, self._name), (other._alias, other._name))


class OpaqueColumn:
    """Column that queries cannot compare: SQL has no literals of its type.

    Args:
        name: the name of the column in the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"column {self._name} cannot be compared: SQL has no literals of its type")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]  # as above

    def __repr__(self) -> str:
        return f"<column {self._name}>"


class Columns:
    """Columns of a table, one attribute each."""

    def __init__(self, alias: str = "") -> None:
        self.__alias__ = alias


ConditionLike: TypeAlias = "Condition | Column[bool]"
"""Condition, or a boolean column, which is one."""


class Query(Generic[R]):
    """Query on the database, to subscribe to or to run once.

    Attributes:
        row_class: the class of the rows.
        table_name: the table of the rows, by its name in the module.
    """

    def __init__(self, row_class: type[R], table_name: str, sql: str) -> None:
        self.row_class = row_class
        self.table_name = table_name
        self._sql = sql

    def __sql__(self) -> str:
        """Return the SQL of the query."""
        return self._sql

    def __repr__(self) -> str:
        return f"<query {self._sql}>"


class Source(ABC, Generic[R, C]):
    """Source of rows for queries: a table, or a selection of its rows."""

    @abstractmethod
    def __selection__(self) -> Selection[R, C]:
        """Return the rows as a selection."""

    def where(self, condition: Callable[[C], ConditionLike]) -> Selection[R, C]:
        """Select the rows that meet a condition: `where(lambda p: (p.level >= 3) & (p.name != "Bob"))`.

        Args:
            condition: takes the columns of the table, and returns a condition.

        Raises:
            TypeError: it does not return a condition, or uses `and`, `or` or `not`; or a value is not of the type of
                its column.
            ValueError: SQL has no literal for a value.
        """
        return self.__selection__().__narrowed__(condition)

    def semijoin(self, other: Selectable[S, D] | Selection[S, D], *, on: Callable[[C, D], Join]) -> Query[R]:
        """Select the rows that match a row of another table: `player.semijoin(match, on=lambda p, m: p.id == m.owner)`.

        The server allows it only if there is an index for it. A row with several matches is in the cache once.

        Args:
            other: the other table, or a selection of its rows.
            on: takes the columns of both tables, and compares a column of one with a column of the other.

        Raises:
            TypeError: `on` does not compare columns of the same type, one of each table.
        """
        return self.__selection__().__joined__(other.__selection__(), on)


class Selection(Query[R], Source[R, C]):
    """Query on one table, which can be narrowed further."""

    def __init__(
        self, row_class: type[R], table_name: str, columns: type[C], condition: Condition | None = None
    ) -> None:
        where = "" if condition is None else f" WHERE {condition.__sql__()}"
        super().__init__(row_class, table_name, f"SELECT * FROM {quoted(table_name)}{where}")  # noqa: S608 - quoted
        self._columns = columns
        self._condition = condition

    def __selection__(self) -> Selection[R, C]:
        return self

    def __narrowed__(self, condition: Callable[[C], ConditionLike]) -> Selection[R, C]:
        """Select the rows that also meet a further condition."""
        further = condition_of(condition(self._columns()))
        both = further if self._condition is None else self._condition & further
        return Selection(self.row_class, self.table_name, self._columns, both)

    def __joined__(self, other: Selection[S, D], on: Callable[[C, D], Join]) -> Query[R]:
        """Select the rows that match a row of another selection."""
        join = cast("object", on(self._columns(_LEFT), other._columns(_RIGHT)))
        if not isinstance(join, Join):
            raise TypeError(f"a join compares two columns, as in lambda p, m: p.id == m.owner; got {join!r}")
        tables = f"{quoted(self.table_name)} AS {_LEFT} JOIN {quoted(other.table_name)} AS {_RIGHT}"
        sides = ((self._condition, _LEFT), (other._condition, _RIGHT))
        conditions = [condition.__operand__(alias) for condition, alias in sides if condition is not None]
        where = f" WHERE {' AND '.join(conditions)}" if conditions else ""
        sql = f"SELECT {_LEFT}.* FROM {tables} ON {join.__sql__()}{where}"  # noqa: S608 - quoted
        return Query(self.row_class, self.table_name, sql)


class Selectable(Source[R, C]):
    """Table that can be queried. The type arguments are its row class, and the class of its columns."""

    __table_name__: str
    _query_classes: tuple[type[Product], type[Columns]]

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        for base in cls.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is Selectable:
                cls._query_classes = get_args(base)

    def __selection__(self) -> Selection[R, C]:
        # The type arguments of the base, which type checkers do not follow here.
        row_class, columns = cast("tuple[type[R], type[C]]", self._query_classes)
        return Selection(row_class, self.__table_name__, columns)


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
