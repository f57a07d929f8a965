"""Queries on one table, or on two that are joined, written as Python expressions that the type checkers understand.

`tables.player.where(lambda p: (p.level >= 3) & (p.name != "Bob"))` is `SELECT * FROM player WHERE level >= 3 AND
name != 'Bob'`. The lambda is called once, with the table's columns; comparing one gives a condition. Conditions are
joined with `&` and `|`, and each comparison stands in parentheses.
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
    """What rows must meet. Join conditions with `&` and `|`; SQL knows no other way, and neither `not`."""

    def __init__(self, parts: tuple[Condition, ...], operator: str) -> None:
        self._parts = parts
        self._operator = operator

    def __and__(self, other: Truth) -> Condition:
        return self._combined("AND", condition_of(other))

    def __or__(self, other: Truth) -> Condition:
        return self._combined("OR", condition_of(other))

    def __bool__(self) -> NoReturn:
        _refuse_truth()

    def _combined(self, operator: str, other: Condition) -> Condition:
        # Of `a & b & c` one condition is made, however many there are.
        same = self._operator == operator
        return Condition((*(self._parts if same else (self,)), other), operator)

    def __sql__(self, alias: str = "") -> str:
        """The condition in SQL, its columns reached through an alias, if there is one."""
        return f" {self._operator} ".join(part.__operand__(alias) for part in self._parts)

    def __operand__(self, alias: str) -> str:
        """The condition in SQL, as a part of another one."""
        return f"({self.__sql__(alias)})"

    def __repr__(self) -> str:
        return f"<condition {self.__sql__()}>"


class _Comparison(Condition):
    """A column compared with a value."""

    def __init__(self, column: str, operator: str, text: str) -> None:
        super().__init__((), operator)
        self._column = column
        self._text = text

    def __sql__(self, alias: str = "") -> str:
        return f"{_reached(self._column, alias)} {self._operator} {self._text}"

    def __operand__(self, alias: str) -> str:
        return self.__sql__(alias)


class Join:
    """Which columns of two tables are equal in rows that belong together."""

    def __init__(self, first: tuple[str, str], second: tuple[str, str]) -> None:
        self._sides = dict([first, second])

    def __bool__(self) -> NoReturn:
        _refuse_truth()

    def __sql__(self) -> str:
        """The condition in SQL.

        Raises:
            TypeError: it does not compare a column of one table with one of the other.
        """
        if self._sides.keys() != {_LEFT, _RIGHT}:
            raise TypeError("a join compares a column of one table with one of the other: lambda p, m: p.id == m.owner")
        return " = ".join(_reached(self._sides[alias], alias) for alias in (_LEFT, _RIGHT))


class Column(Generic[K]):
    """Declares a column that queries can compare. One of truth values is a condition by itself, and `~` its opposite.

    The type argument is what the column holds, with its range.

    Args:
        name: its name in the module.
    """

    __orig_class__: object  # set by Python to the class with its type argument

    def __init__(self, name: str) -> None:
        self._name = name
        self._alias = ""

    def __get__(self, columns: Columns | None, owner: type[Columns]) -> Self:
        if columns is None:
            return self
        bound = copy.copy(self)
        bound._alias = columns.__alias__
        return bound

    @overload  # type: ignore[override]  # gives SQL, not a truth value
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

    def __and__(self: Column[bool], other: Truth) -> Condition:
        return self.__condition__() & other

    def __or__(self: Column[bool], other: Truth) -> Condition:
        return self.__condition__() | other

    def __invert__(self: Column[bool]) -> Condition:
        return self._compare("=", False)

    def __bool__(self) -> NoReturn:
        _refuse_truth()

    __hash__ = None  # type: ignore[assignment]  # like everything whose equality is not a truth value

    def __repr__(self) -> str:
        return f"<column {self._name}>"

    def __condition__(self: Column[bool]) -> Condition:
        """That the column is true."""
        if self._annotation() is not bool:
            raise TypeError(f"column {self._name} holds no truth values: compare it with something")
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
    """Declares a column that SQL cannot compare: there is no way to write a value of its type.

    Args:
        name: its name in the module.
    """

    def __init__(self, name: str) -> None:
        self._name = name

    def __eq__(self, other: object) -> bool:
        raise TypeError(f"column {self._name} cannot be compared: SQL has no way to write a value of its type")

    __ne__ = __eq__
    __hash__ = None  # type: ignore[assignment]  # as above

    def __repr__(self) -> str:
        return f"<column {self._name}>"


class Columns:
    """The columns of a table, one attribute each."""

    def __init__(self, alias: str = "") -> None:
        self.__alias__ = alias


Truth: TypeAlias = "Condition | Column[bool]"
"""What a query asks of rows."""


class Query(Generic[R]):
    """A query. Subscribe to it, or ask it once.

    Attributes:
        row_class: the class of its rows.
        table_name: the table that its rows are of, by its name in the module.
    """

    def __init__(self, row_class: type[R], table_name: str, sql: str) -> None:
        self.row_class = row_class
        self.table_name = table_name
        self._sql = sql

    def __sql__(self) -> str:
        """The query in SQL."""
        return self._sql

    def __repr__(self) -> str:
        return f"<query {self._sql}>"


class Source(ABC, Generic[R, C]):
    """What can be queried: a table, or a selection of its rows."""

    @abstractmethod
    def __selection__(self) -> Selection[R, C]:
        """The rows, as a selection."""

    def where(self, condition: Callable[[C], Truth]) -> Selection[R, C]:
        """The rows that meet a condition: `where(lambda p: (p.level >= 3) & (p.name != "Bob"))`.

        Args:
            condition: takes the table's columns, and gives a condition.

        Raises:
            TypeError: it gives none, as `and`, `or` and `not` do not; or a value is not of its column's type.
            ValueError: a value cannot be written in SQL.
        """
        return self.__selection__().__narrowed__(condition)

    def semijoin(self, other: Selectable[S, D] | Selection[S, D], *, on: Callable[[C, D], Join]) -> Query[R]:
        """The rows that have a partner in another table: `player.semijoin(match, on=lambda p, m: p.id == m.owner)`.

        The server allows it where it finds an index for it. A row with several partners comes once from the cache.

        Args:
            other: the other table, or a selection of its rows.
            on: takes the columns of both, and compares one with one.

        Raises:
            TypeError: `on` does not compare columns of one type, one of each table.
        """
        return self.__selection__().__joined__(other.__selection__(), on)


class Selection(Query[R], Source[R, C]):
    """Rows of one table that meet conditions; it can be narrowed further."""

    def __init__(
        self, row_class: type[R], table_name: str, columns: type[C], condition: Condition | None = None
    ) -> None:
        where = "" if condition is None else f" WHERE {condition.__sql__()}"
        super().__init__(row_class, table_name, f"SELECT * FROM {quoted(table_name)}{where}")  # noqa: S608 - quoted
        self._columns = columns
        self._condition = condition

    def __selection__(self) -> Selection[R, C]:
        return self

    def __narrowed__(self, condition: Callable[[C], Truth]) -> Selection[R, C]:
        """The rows that meet a further condition."""
        further = condition_of(condition(self._columns()))
        both = further if self._condition is None else self._condition & further
        return Selection(self.row_class, self.table_name, self._columns, both)

    def __joined__(self, other: Selection[S, D], on: Callable[[C, D], Join]) -> Query[R]:
        """The rows that have a partner in another selection."""
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
    """A table that can be queried. Its type arguments are its row class, and the class of its columns."""

    __table_name__: str
    _query_classes: tuple[type[Product], type[Columns]]

    def __init_subclass__(cls, **options: object) -> None:
        super().__init_subclass__(**options)
        for base in cls.__dict__.get("__orig_bases__", ()):
            if get_origin(base) is Selectable:
                cls._query_classes = get_args(base)

    def __selection__(self) -> Selection[R, C]:
        # The type arguments, as Python keeps them.
        row_class, columns = cast("tuple[type[R], type[C]]", self._query_classes)
        return Selection(row_class, self.__table_name__, columns)


def condition_of(truth: object) -> Condition:
    """A condition, or the one that a column of truth values is.

    Raises:
        TypeError: it is something else.
    """
    if isinstance(truth, Condition):
        return truth
    if isinstance(truth, Column):
        return cast("Column[bool]", truth).__condition__()
    raise TypeError(f"a query asks for a condition, as in lambda p: p.level >= 3; got {truth!r}")


def _reached(column: str, alias: str) -> str:
    return f"{alias}.{quoted(column)}" if alias else quoted(column)


def _refuse_truth() -> NoReturn:
    raise TypeError(
        "a condition has no truth value before the server has seen rows: join conditions with & and | instead of "
        "and, or, not and chained comparisons, each in parentheses: (p.level >= 3) & (p.name != 'Bob')"
    )
