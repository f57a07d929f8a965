"""Configuration in `[tool.stdb-codegen]` of a `pyproject.toml`: modules, and folders of their packages."""

from __future__ import annotations

import difflib
import keyword
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, cast

from stdb_codegen.errors import ConfigError
from stdb_codegen.sources import toml
from stdb_codegen.sources.source import STDIN, Source

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from stdb_codegen.sources.toml import TomlTable

__all__ = ["FILE", "SECTION", "Target", "as_table", "find", "load", "read", "section"]

FILE = "pyproject.toml"
SECTION = "tool.stdb-codegen"

# Keys that the modules of a project may share, and all keys.
_SHARED = ("server", "build", "include-private", "strict", "templates")
_KEYS = ("module", "output", *_SHARED, "exclude", "rename")


@dataclass(frozen=True, slots=True)
class Target:
    """Package to generate.

    Attributes:
        source: source of its schema.
        output: folder of the package.
        name: name in the configuration; empty if only one module is configured.
        include_private: whether to declare private tables and functions.
        strict: whether to treat warnings as errors.
        templates: folder of custom templates, or None.
        exclude: names of parts that are not declared; see `stdb_codegen.emit.choice`.
        rename: Python names that the user chose, by key; see `stdb_codegen.emit.rename`.
    """

    source: Source
    output: Path
    name: str = ""
    include_private: bool = False
    strict: bool = False
    templates: Path | None = None
    exclude: tuple[str, ...] = ()
    rename: Mapping[str, str] = field(default_factory=dict[str, str])


def find(start: Path) -> Path | None:
    """Find the nearest `pyproject.toml` with a section of the generator, in a folder or its parents.

    Raises:
        ConfigError: a `pyproject.toml` on the way is not TOML.
    """
    for folder in (start, *start.parents):
        file = folder / FILE
        if file.is_file() and section(read(file)) is not None:
            return file
    return None


def load(file: Path) -> tuple[Target, ...]:
    """Load the packages that a `pyproject.toml` configures, in its order.

    Args:
        file: path of the file. Paths in it are relative to its folder.

    Raises:
        ConfigError: a key is missing, unknown, or of the wrong type.
    """
    found = section(read(file))
    if found is None:
        raise ConfigError(f"{file}", f"has no section [{SECTION}]", "run: stdb-codegen init")
    return _Reader(file).targets(found)


def read(file: Path) -> TomlTable:
    """Read a TOML file.

    Raises:
        ConfigError: the file cannot be read, or is not TOML.
    """
    try:
        return toml.read(file)
    except OSError as error:
        raise ConfigError(str(file), error.strerror or str(error), "check that the file can be read") from error
    except toml.DeepError as error:
        raise ConfigError(str(file), str(error), "write it with fewer levels") from error
    except ValueError as error:
        raise ConfigError(str(file), f"is not TOML: {error}", "correct it there") from error


def section(document: TomlTable) -> TomlTable | None:
    """Return the generator's section of a document, if there is one."""
    tool = as_table(document.get("tool"))
    return as_table(tool.get("stdb-codegen")) if tool else None


def as_table(value: object) -> TomlTable | None:
    """Return a value if it is a table, else None."""
    return cast("TomlTable", value) if isinstance(value, dict) else None


class _Reader:
    """Reader of the section of a file; errors name the file and the key."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._folder = Path(_relative(file.parent))

    def targets(self, table: TomlTable) -> tuple[Target, ...]:
        """Return the packages of a section."""
        if "modules" not in table:
            return (self._target(table, "", {}),)
        modules = as_table(table["modules"])
        if not modules:
            raise self._error("modules", "has no modules", f"write a table [{SECTION}.modules.NAME] for each")
        shared = {key: value for key, value in table.items() if key != "modules"}
        self._check_keys(shared, "", _SHARED)
        targets = [self._target(module, f"modules.{name}", shared) for name, module in modules.items()]
        folders: dict[Path, str] = {}
        for target in targets:
            other = folders.setdefault(_resolved(target.output), target.name)
            if other != target.name:
                remedy = f"give each module its own folder; modules.{other} has this one"
                raise self._error(f"modules.{target.name}.output", f"is {str(target.output)!r} too", remedy)
        return tuple(targets)

    def _target(self, value: object, place: str, shared: TomlTable) -> Target:
        own = as_table(value)
        if own is None:
            raise self._error(place, "is not a table", f"write [{SECTION}.{place}]")
        self._check_keys(own, place, _KEYS)
        table = {**shared, **own}
        module, output = (self._text(table, place, key) for key in ("module", "output"))
        if not module or not output:
            missing = "output" if module else "module"
            raise self._error(_join(place, missing), "is missing", "add it, or run: stdb-codegen init")
        # An empty server overrides the shared one.
        server = self._text(table, place, "server") or None
        if module == STDIN and not server:
            raise self._error(_join(place, "module"), "is standard input", "name a file, a folder or a database")
        templates = self._text(table, place, "templates")
        return Target(
            source=Source(module if server else str(self._folder / module), server, self._flag(table, place, "build")),
            output=self._folder / output,
            name=place.removeprefix("modules."),
            include_private=self._flag(table, place, "include-private"),
            strict=self._flag(table, place, "strict"),
            templates=self._folder / templates if templates else None,
            exclude=self._texts(table, place, "exclude"),
            rename=dict(self._renames(table.get("rename", {}), place, "rename")),
        )

    def _renames(self, value: object, place: str, key: str, path: str = "") -> Iterator[tuple[str, str]]:
        """Yield keys and Python names; `player.a = "b"` and `"player.a" = "b"` are equivalent."""
        table = as_table(value)
        if table is not None:
            for name, inner in table.items():
                yield from self._renames(inner, place, f"{key}.{name}", _join(path, name))
        elif path and isinstance(value, str) and value.isidentifier() and not keyword.iskeyword(value):
            yield path, value
        else:
            remedy = 'write a Python name, as in "Player.class" = "kind"'
            raise self._error(_join(place, key), f"is {value!r}", remedy)

    def _text(self, table: TomlTable, place: str, key: str) -> str:
        value = table.get(key, "")
        if not isinstance(value, str):
            raise self._error(_join(place, key), f"is {value!r}", "write a string in quotes")
        if "\0" in value:
            raise self._error(_join(place, key), "holds a NUL character", "remove it")
        return value

    def _texts(self, table: TomlTable, place: str, key: str) -> tuple[str, ...]:
        value = table.get(key, [])
        texts = cast("list[object]", value) if isinstance(value, list) else [value]
        found = tuple(text for text in texts if isinstance(text, str))
        if not isinstance(value, list) or len(found) < len(texts):
            raise self._error(_join(place, key), f"is {value!r}", 'write a list of names, as in ["seen"]')
        return found

    def _flag(self, table: TomlTable, place: str, key: str) -> bool:
        value = table.get(key, False)
        if not isinstance(value, bool):
            raise self._error(_join(place, key), f"is {value!r}", "write true or false")
        return value

    def _check_keys(self, table: TomlTable, place: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key in known:
                continue
            if key == "token":
                remedy = "keep secrets out of shared files: set SPACETIMEDB_TOKEN"
                raise self._error(_join(place, key), "is not read from here", remedy)
            if key in _KEYS:
                remedy = f"write it into [{SECTION}.modules.NAME]"
                raise self._error(_join(place, key), "belongs to one module, and there are several", remedy)
            near = difflib.get_close_matches(key, known, 1)
            remedy = f"did you mean {near[0]!r}?" if near else f"known keys are {', '.join(known)}"
            raise self._error(_join(place, key), "is not a key of this section", remedy)

    def _error(self, key: str, problem: str, remedy: str) -> ConfigError:
        return ConfigError(f"{self._file}: {SECTION}.{key}", problem, remedy)


def _join(place: str, key: str) -> str:
    return f"{place}.{key}" if place else key


def _resolved(folder: Path) -> Path:
    """Resolve a folder; one behind a circle of links stays as it is."""
    try:
        return folder.resolve()
    except (OSError, RuntimeError):
        return folder.absolute()


def _relative(folder: Path) -> str:
    """Return a folder relative to the working folder, if it is inside."""
    here = Path.cwd()
    return str(folder.relative_to(here) if folder.is_relative_to(here) else folder)
