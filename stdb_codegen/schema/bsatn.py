"""Reads BSATN, the binary form of SATS.

A layout is a function that takes a reader and gives the value in the shape of the server's JSON, so that one
set of Structs checks both. Layouts compose as the definition's types do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

# Elements of all arrays together: a part of a schema is an element of one. The largest modules have some ten thousand;
# without a limit, a byte of BSATN would become some hundred bytes of objects.
MOST_ELEMENTS = 500_000


class BsatnError(Exception):
    """The bytes are not what was expected."""


class Reader:
    """A position in bytes."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._elements = 0

    def take(self, size: int) -> bytes:
        """The next bytes.

        Raises:
            BsatnError: Fewer are left.
        """
        end = self._at + size
        if end > len(self._data):
            raise BsatnError(f"it ends at byte {len(self._data)}, {end - len(self._data)} too early")
        start, self._at = self._at, end
        return self._data[start:end]

    def unsigned(self, size: int) -> int:
        """The next unsigned integer of so many bytes."""
        return int.from_bytes(self.take(size), "little")

    def elements(self) -> Iterator[None]:
        """Once for each element of the array that follows.

        Raises:
            BsatnError: All arrays together have too many elements.
        """
        for _ in range(self.unsigned(4)):
            self._elements += 1
            if self._elements > MOST_ELEMENTS:
                raise BsatnError(f"it has more than {MOST_ELEMENTS:,} parts")
            yield

    def finish(self) -> None:
        """Expect the end.

        Raises:
            BsatnError: Bytes are left.
        """
        if self._at != len(self._data):
            raise BsatnError(f"{len(self._data) - self._at} bytes follow its end at byte {self._at}")


Layout: TypeAlias = Callable[[Reader], object]


def unsigned(size: int) -> Layout:
    """An unsigned integer of so many bytes."""
    return lambda reader: reader.unsigned(size)


def string(reader: Reader) -> str:
    """A string."""
    data = reader.take(reader.unsigned(4))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BsatnError("it holds text that is not UTF-8") from error


def hexadecimal(reader: Reader) -> str:
    """Bytes, in hexadecimal digits."""
    return reader.take(reader.unsigned(4)).hex()


def boolean(reader: Reader) -> bool:
    """A truth value."""
    return reader.unsigned(1) == 1


def nothing(_: Reader) -> tuple[()]:
    """The unit."""
    return ()


def array(element: Layout) -> Layout:
    """Elements, in order."""
    return lambda reader: [element(reader) for _ in reader.elements()]


def product(**fields: Layout) -> Layout:
    """Fields, in order."""
    return lambda reader: {name: layout(reader) for name, layout in fields.items()}


def one_of(**cases: Layout) -> Layout:
    """A case with its payload; its tag is its place."""
    names = list(cases)

    def read(reader: Reader) -> object:
        tag = reader.unsigned(1)
        if tag >= len(names):
            raise BsatnError(f"tag {tag} is none of {', '.join(names)}")
        return {names[tag]: cases[names[tag]](reader)}

    return read


def option(some: Layout) -> Layout:
    """A value or nothing."""
    return one_of(some=some, none=nothing)
