"""Commands of `stdb-codegen`, with their options."""

from __future__ import annotations

import io
import sys
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import click
import msgspec

from stdb_codegen.cli import config, scaffold
from stdb_codegen.cli.console import Console
from stdb_codegen.cli.generation import Generation
from stdb_codegen.cli.selection import Selection
from stdb_codegen.cli.watch import watch
from stdb_codegen.errors import CodegenError
from stdb_codegen.inspect import diagram, report
from stdb_codegen.inspect.inspection import inspect
from stdb_codegen.schema import lower, rawdef
from stdb_codegen.sources import project
from stdb_codegen.sources.source import STDIN, Source
from stdb_codegen.text import LONGEST, escaped_json

if TYPE_CHECKING:
    from collections.abc import Callable

    from stdb_codegen.cli.config import Target

__all__ = ["main"]

_SOURCES = """
    The schema has exactly one source. With --server, it is the database on
    that server with the name or identity X. Without, X is

    \b
      -          standard input: a .wasm or a JSON schema
      a folder   a module's project in Rust, C# or C++, or one that holds it in
                 spacetimedb/: the .wasm where builds put it (the release build
                 before the debug one), else one beside its manifest; with
                 --build, spacetime (for Rust else cargo) builds it first
      X.wasm     a module (needs the extra: pip install 'stdb[wasm]')
      X.json     a schema, as a server or `extract-schema` prints it

    Without --module, the modules are those of [tool.stdb-codegen] in the
    nearest pyproject.toml: all of them, or those with the NAMEs.
"""
_EXIT_CODES = """
    \b
    Exit codes:
      0  success{done}
      1  error{error}
      2  invalid usage of the command
"""
_ENDED = ", or --watch ended with Ctrl-C"
_DIFFERS = ", or --check found a difference"
_INSPECT = """Show the contents of a module.

    Tables with their columns and keys, reducers, procedures and types, with
    the private ones.
"""
_INIT = """Add a module to pyproject.toml.

    The section [tool.stdb-codegen] of the pyproject.toml in the current folder
    gets the source of the module and the folder of its package. After that,
    `stdb-codegen generate` needs no options. Run this once for each module.
"""


_SECRET = "stdb_codegen.secret"  # noqa: S105 - key of the token in the context


def _console(ctx: click.Context, *, quiet: bool = False, verbose: bool = False) -> Console:
    """Return the console of a command, which hides the token."""
    return Console(quiet=quiet, verbose=verbose, secret=ctx.meta.get(_SECRET))


def _keep_token(ctx: click.Context, _: click.Parameter, token: str | None) -> str | None:
    ctx.meta[_SECRET] = token
    return token


class _Group(click.Group):
    """Command group that prints an error of the generator in one line, and exits with 1."""

    def invoke(self, ctx: click.Context) -> object:
        for stream in (sys.stdout, sys.stderr):
            # Characters that the terminal cannot encode are escaped.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except CodegenError as error:
            _console(ctx).fail(error)
            ctx.exit(1)
        except click.UsageError as error:
            raise click.UsageError(_console(ctx).printable(error.format_message(), LONGEST), error.ctx) from error


def _complete_name(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    try:
        file = config.find(Path.cwd())
        names = [target.name for target in config.load(file)] if file else []
    except CodegenError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _selects(command: Callable[..., None]) -> Callable[..., None]:
    """Add the options that select modules to a command."""
    for option in (
        click.option("--build", is_flag=True, help="Build the module's project first."),
        click.option(
            "--token",
            envvar="SPACETIMEDB_TOKEN",
            show_envvar=True,
            callback=_keep_token,
            help="Auth token for the server.",
        ),
        click.option("--server", metavar="URL", help="Read X from a server, such as http://localhost:3000."),
        click.option("--module", metavar="X", type=click.Path(), help="Source of the schema."),
        click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_complete_name),
    ):
        command = option(command)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stdb", prog_name="stdb-codegen")
def main() -> None:
    """Generate typed Python clients for SpacetimeDB modules.

    \b
    To start, run one of these:
      stdb-codegen generate --module my_module --output my_client
      stdb-codegen init --module my_module     and then: stdb-codegen generate
    """


@main.command(help=f"Generate the package of a module.\n{_SOURCES}{_EXIT_CODES.format(done=_ENDED, error=_DIFFERS)}")
@_selects
@click.option("-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="Folder of the package.")
@click.option("--check", is_flag=True, help="Write nothing: print the changes, and exit with 1 if there are any.")
@click.option("--watch", "watches", is_flag=True, help="Generate again whenever the source changes, until Ctrl-C.")
@click.option("--force", is_flag=True, help="Overwrite files that stdb-codegen did not write.")
@click.option("--strict", is_flag=True, help="Treat warnings as errors.")
@click.option("--include-private", is_flag=True, help="Declare private tables and functions too.")
@click.option(
    "--exclude",
    metavar="PART",
    multiple=True,
    help="Leave out a table, view, reducer, procedure or submodule; may be repeated.",
)
@click.option(
    "--templates",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Folder of templates that replace the built-in ones of the same names.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print only warnings and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print details.")
def generate(
    names: tuple[str, ...],
    module: str | None,
    server: str | None,
    token: str | None,
    output: Path | None,
    exclude: tuple[str, ...],
    templates: Path | None,
    *,
    build: bool,
    check: bool,
    watches: bool,
    force: bool,
    strict: bool,
    include_private: bool,
    quiet: bool,
    verbose: bool,
) -> None:
    if check and watches:
        raise click.UsageError("--check and --watch exclude each other")
    if quiet and verbose:
        raise click.UsageError("--quiet and --verbose exclude each other")
    selection = Selection(names, module, server, build)
    console = _console(click.get_current_context(), quiet=quiet, verbose=verbose)
    generation = Generation(console, token, check=check, force=force)

    def load() -> list[Target]:
        return [
            replace(
                target,
                include_private=target.include_private or include_private,
                exclude=(*target.exclude, *exclude),
                strict=target.strict or strict,
                templates=templates or target.templates,
            )
            for target in selection.targets(output)
        ]

    if watches:
        if module == STDIN and server is None:
            raise click.UsageError("standard input cannot be watched")
        watch(load, selection.file, generation)
    elif not generation.run(load()):
        sys.exit(1)


@main.command(name="inspect", help=f"{_INSPECT}{_SOURCES}{_EXIT_CODES.format(done='', error='')}")
@_selects
@click.option("--json", "as_json", is_flag=True, help="Print JSON.")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid diagram of the tables and their keys.")
def inspect_(
    names: tuple[str, ...],
    module: str | None,
    server: str | None,
    token: str | None,
    *,
    build: bool,
    as_json: bool,
    mermaid: bool,
) -> None:
    if as_json and mermaid:
        raise click.UsageError("--json and --mermaid exclude each other")
    source = Selection(names, module, server, build).source()
    console = _console(click.get_current_context())
    with console.step(f"reading {source}"):
        found = inspect(lower.lower(rawdef.decode(source.read(token))))
    if as_json:
        console.say(escaped_json(msgspec.json.format(msgspec.json.encode(found), indent=2).decode()))
        return
    for warning in found.warnings:
        console.warn(warning)
    for line in diagram.lines(found) if mermaid else report.lines(found):
        console.say(line)


@main.command(help=f"{_INIT}{_EXIT_CODES.format(done='', error='')}")
@click.option(
    "--module", metavar="X", type=click.Path(), help="As for generate.  [default: the only module in this folder]"
)
@click.option("--server", metavar="URL", help="Server of the database X.")
@click.option("-o", "--output", metavar="DIR", type=click.Path(), help="Folder of the package.  [default: NAME_client]")
@click.option("--name", help="Name of the module in the configuration.  [default: name of X]")
def init(module: str | None, server: str | None, output: str | None, name: str | None) -> None:
    if module is None:
        if server is not None:
            raise click.UsageError("--server needs --module, which names the database there")
        found = [str(path) for path in project.modules(Path())]
        if len(found) != 1:
            what = f"there are several modules here: {', '.join(found)}" if found else "there is no module here"
            raise click.UsageError(f"{what}; choose one with --module")
        (module,) = found
    source = Source(module, server)
    source.check()
    name = name or Path(module).absolute().stem
    output = output or f"{name.replace('-', '_')}_client"
    keys = {"module": module, "server": server, "output": output}
    file = Path(config.FILE)
    scaffold.add(file, name, {key: value for key, value in keys.items() if value is not None})
    console = Console()
    console.say(f"{file}: module {name}, from {source} into {output}/")
    console.say("next: stdb-codegen generate")
