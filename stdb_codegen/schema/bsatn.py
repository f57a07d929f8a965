"""Decoders of BSATN, the binary encoding of SATS.

A decoder is a function that takes a reader and returns a value in the shape of the server's JSON, so that one set of
Structs validates both encodings. Decoders compose as the types of a definition do.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TypeAlias

__all__ = [
    "MOST_ELEMENTS",
    "BsatnError",
    "Decoder",
    "Reader",
    "array",
    "boolean",
    "hexadecimal",
    "nothing",
    "one_of",
    "option",
    "product",
    "string",
    "unsigned",
]

# Elements of all arrays together; each part of a schema is an element. The largest modules have some ten thousand.
# Without a limit, a byte of BSATN would become some hundred bytes of objects.
MOST_ELEMENTS = 500_000


class BsatnError(Exception):
    """Error in BSATN data."""


class Reader:
    """Reader of bytes, from front to back."""

    def __init__(self, data: bytes) -> None:
        self._data = data
        self._at = 0
        self._elements = 0

    def take(self, size: int) -> bytes:
        """Return the next bytes.

        Raises:
            BsatnError: fewer bytes are left.
        """
        end = self._at + size
        if end > len(self._data):
            raise BsatnError(f"it ends at byte {len(self._data)}, {end - len(self._data)} too early")
        start, self._at = self._at, end
        return self._data[start:end]

    def unsigned(self, size: int) -> int:
        """Return the next unsigned integer of `size` bytes."""
        return int.from_bytes(self.take(size), "little")

    def elements(self) -> Iterator[None]:
        """Yield once for each element of the next array.

        Raises:
            BsatnError: all arrays together have too many elements.
        """
        for _ in range(self.unsigned(4)):
            self._elements += 1
            if self._elements > MOST_ELEMENTS:
                raise BsatnError(f"it has more than {MOST_ELEMENTS:,} parts")
            yield

    def finish(self) -> None:
        """Check that no bytes are left.

        Raises:
            BsatnError: bytes are left.
        """
        if self._at != len(self._data):
            raise BsatnError(f"{len(self._data) - self._at} bytes follow its end at byte {self._at}")


Decoder: TypeAlias = Callable[[Reader], object]


def unsigned(size: int) -> Decoder:
    """Return a decoder of unsigned integers of `size` bytes."""
    return lambda reader: reader.unsigned(size)


def string(reader: Reader) -> str:
    """Decode a string."""
    data = reader.take(reader.unsigned(4))
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        raise BsatnError("it holds text that is not UTF-8") from error


def hexadecimal(reader: Reader) -> str:
    """Decode bytes to hexadecimal digits."""
    return reader.take(reader.unsigned(4)).hex()


def boolean(reader: Reader) -> bool:
    """Decode a boolean."""
    return reader.unsigned(1) == 1


def nothing(_: Reader) -> tuple[()]:
    """Decode a unit value."""
    return ()


def array(element: Decoder) -> Decoder:
    """Return a decoder of arrays."""
    return lambda reader: [element(reader) for _ in reader.elements()]


def product(**fields: Decoder) -> Decoder:
    """Return a decoder of products, by their fields in order."""
    return lambda reader: {name: decoder(reader) for name, decoder in fields.items()}


def one_of(**cases: Decoder) -> Decoder:
    """Return a decoder of sums, by their cases in the order of their tags."""
    names = list(cases)

    def read(reader: Reader) -> object:
        tag = reader.unsigned(1)
        if tag >= len(names):
            raise BsatnError(f"tag {tag} is none of {', '.join(names)}")
        return {names[tag]: cases[names[tag]](reader)}

    return read


def option(some: Decoder) -> Decoder:
    """Return a decoder of optional values."""
    return one_of(some=some, none=nothing)
