"""Selection of modules: the one on the command line, or those of the configuration."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

import click

from stdb_codegen.cli import config
from stdb_codegen.cli.config import Target
from stdb_codegen.sources import files
from stdb_codegen.sources.source import Source

__all__ = ["Selection"]

_NOTHING = "no module is given, and none is configured: give --module X, or run `stdb-codegen init`"


@dataclass(frozen=True, slots=True)
class Selection:
    """Selection of modules by the command line.

    Attributes:
        names: names of configured modules; none means all.
        module: value of `--module`, or None; with it, the configuration is ignored.
        server: value of `--server`, or None.
        build: whether `--build` is given; it applies to projects among the configured modules.
    """

    names: tuple[str, ...]
    module: str | None
    server: str | None
    build: bool

    def __post_init__(self) -> None:
        if self.module is None and self.server is not None:
            raise click.UsageError("--server needs --module, which names the database there")
        if self.module is not None and self.names:
            raise click.UsageError(f"{self.names[0]!r} names a configured module, and --module another one: give one")

    @property
    def file(self) -> Path | None:
        """Configuration file in use, if any.

        Raises:
            ConfigError: a `pyproject.toml` on the way to it is not TOML.
        """
        return config.find(Path.cwd()) if self.module is None else None

    def targets(self, output: Path | None) -> list[Target]:
        """Return the packages to generate.

        Args:
            output: value of `--output`, or None.

        Raises:
            ConfigError: the configuration is invalid.
        """
        if self.module is not None:
            if output is None:
                raise click.UsageError("--module needs --output, the folder of the package")
            return [Target(Source(self.module, self.server, self.build), output)]
        if output is not None:
            raise click.UsageError("--output needs --module; configured modules have their own")
        return self._configured()

    def source(self) -> Source:
        """Return the source of the only selected module.

        Raises:
            ConfigError: the configuration is invalid.
        """
        if self.module is not None:
            return Source(self.module, self.server, self.build)
        target, *others = self._configured()
        if others:
            names = ", ".join(one.name for one in (target, *others))
            raise click.UsageError(f"several modules are configured; choose one: {names}")
        return target.source

    def _configured(self) -> list[Target]:
        file = self.file
        if file is None:
            raise click.UsageError(_NOTHING)
        targets = {target.name: target for target in config.load(file)}
        for name in self.names:
            if name not in targets:
                hint = f" (for the file or folder {name}: --module {name})" if files.exists(Path(name)) else ""
                raise click.UsageError(f"no module {name!r} is configured; configured are: {', '.join(targets)}{hint}")
        chosen = [target for name, target in targets.items() if name in self.names or not self.names]
        return [self._built(target) for target in chosen]

    def _built(self, target: Target) -> Target:
        build = target.source.build or (self.build and target.source.is_project)
        return replace(target, source=replace(target.source, build=build))
