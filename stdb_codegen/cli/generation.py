"""Generation of packages: from the source of a schema to the folder of its package."""

from __future__ import annotations

import keyword
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING

from stdb_codegen.emit import context, output, overrides, render
from stdb_codegen.errors import CodegenError, OutputError, SchemaError
from stdb_codegen.schema import lower, rawdef

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path

    from stdb_codegen.cli.config import Target
    from stdb_codegen.cli.console import Console
    from stdb_codegen.emit.declaration import Package
    from stdb_codegen.schema.rawdef import Definition

__all__ = ["Generation"]


@dataclass(frozen=True, slots=True)
class Generation:
    """Generation of packages, with its options.

    Attributes:
        console: console for messages.
        token: auth token for servers.
        check: whether to compare the packages with their folders, and write nothing.
        force: whether to overwrite files that the generator did not write.
    """

    console: Console
    token: str | None = None
    check: bool = False
    force: bool = False

    def run(self, targets: Iterable[Target]) -> bool:
        """Generate packages, each independently of the others; return whether all succeeded."""
        failed = [target for target in targets if not self._run(target)]
        return not failed

    def _run(self, target: Target) -> bool:
        try:
            self._generate(target)
        except CodegenError as error:
            self.console.fail(error, target.name)
            return False
        return True

    def _generate(self, target: Target) -> None:
        console = self.console
        start = time.perf_counter()
        with console.step(f"{'building' if target.source.build else 'reading'} {target.source}"):
            definition = target.source.read(self.token)
        read = time.perf_counter()
        console.detail(f"{definition.place}: {len(definition.data)} bytes of {definition.encoding}")
        for other in definition.others:
            console.detail(f"{other}: another build, not read")
        with console.step(f"generating {target.output}/"):
            package = _package(definition, target)
            templates = target.templates
            files = overrides.render_with(templates, package) if templates else render.render(package)
        console.detail(f"read in {read - start:.2f} s, generated in {time.perf_counter() - read:.2f} s")
        console.detail(f"schema {package.schema_hash}")
        warnings = [*package.warnings, *_folder_warnings(target.output)]
        for warning in warnings:
            console.warn(warning)
        if warnings and target.strict:
            number = len(warnings)
            problem = f"{number} warning{'s' if number > 1 else ''}, and --strict makes them errors"
            raise SchemaError(definition.place, problem, "fix them, or omit --strict")
        plan = output.plan(target.output, files, force=self.force)
        if self.check:
            self._compare(plan)
            return
        plan.apply()
        for name in sorted(files):
            console.detail(f"{target.output}/{name}: {'written' if name in plan.written else 'unchanged'}")
        console.say(f"{definition.place}: {_counted(package)}")
        console.say(f"{target.output}/: {plan}")

    def _compare(self, plan: output.Plan) -> None:
        for line in plan.diff():
            self.console.say(line)
        if plan:
            raise OutputError(f"{plan.folder}/", "is not up to date", "run this command without --check")
        self.console.say(f"{plan.folder}/: up to date")


def _package(definition: Definition, target: Target) -> Package:
    schema = lower.lower(rawdef.decode(definition))
    return context.build(schema, include_private=target.include_private, exclude=target.exclude, rename=target.rename)


def _folder_warnings(folder: Path) -> Iterator[str]:
    """Yield warnings about the folder of a package."""
    name = folder.absolute().name
    if not _importable(name):
        better = re.sub(r"\W+", "_", name)
        better = better if _importable(better) else f"client_{better}"
        yield f"{folder}/: a package of this name cannot be imported; name it {better!r}"


def _importable(name: str) -> bool:
    return name.isidentifier() and not keyword.iskeyword(name)


def _counted(package: Package) -> str:
    """Return the numbers of tables, reducers, procedures and types of a package."""
    counts = {
        "tables": len(package.tables),
        "reducers": len(package.reducers),
        "procedures": len(package.procedures),
        "types": len(package.types),
    }
    return ", ".join(f"{count} {kind}" for kind, count in counts.items() if count or kind != "procedures")
