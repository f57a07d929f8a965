"""Scaffold of a configuration: the section for a module, added to the end of a `pyproject.toml`."""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING

from stdb_codegen.cli import config
from stdb_codegen.errors import ConfigError
from stdb_codegen.sources import toml

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

__all__ = ["add"]

_FIRST = f"""\
[{config.SECTION}]
# `stdb-codegen generate` generates a package for each of the modules below.
# Keys that they share belong here: server, strict, include-private, build, templates.

"""
_RENAME = """\
# Custom Python names: "player" = "gamer", "player.class" = "kind", "reducer:player" = "add_player"
"""


def add(file: Path, name: str, module: Mapping[str, str]) -> None:
    """Add a module to a `pyproject.toml`, or make the file; existing content is not changed.

    Args:
        file: path of the file.
        name: name of the module in the configuration.
        module: keys of the module, such as `module` and `output`.

    Raises:
        ConfigError: the module exists already, or the section cannot be added.
    """
    if not re.fullmatch(r"[A-Za-z0-9_-]+", name):
        raise ConfigError(f"--name {name!r}", "is not a key of a TOML table", "use letters, digits, - and _")
    place = f"{config.SECTION}.modules.{name}"
    found = config.section(config.read(file)) if file.exists() else None
    if found and "module" in found:
        remedy = f"move its keys into [{config.SECTION}.modules.NAME] first"
        raise ConfigError(f"{file}: {config.SECTION}", "has a module without a name", remedy)
    if found and name in (config.as_table(found.get("modules")) or {}):
        raise ConfigError(f"{file}: {place}", "exists already", "edit it, or choose another --name")
    _append(file, ("" if found is not None else _FIRST) + _table(place, module))


def _table(place: str, module: Mapping[str, str]) -> str:
    lines = [f"[{place}]\n"]
    # A JSON string is also a TOML string.
    lines += [f"{key} = {json.dumps(value, ensure_ascii=False)}\n" for key, value in module.items()]
    return "".join(lines) + f"\n[{place}.rename]\n{_RENAME}"


def _append(file: Path, text: str) -> None:
    try:
        old = file.read_bytes().decode() if file.exists() else ""
        end = "\r\n" if "\r\n" in old else "\n"
        gap = "" if not old else end if old.endswith("\n") else 2 * end
        added = gap + text.replace("\n", end)
        toml.parse(old + added)
        with file.open("ab") as stream:
            stream.write(added.encode())
    except OSError as error:
        raise ConfigError(str(file), error.strerror or str(error), "check that the file can be written") from error
    except ValueError as error:
        remedy = f"write {config.SECTION} as a separate table, not as an inline table"
        raise ConfigError(str(file), f"the section cannot be added: {error}", remedy) from error
