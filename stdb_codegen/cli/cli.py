"""The commands: what each takes, and what it does with it."""

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

_SOURCES = """
    Exactly one thing decides where the schema comes from. With --server it is
    the database there whose name or identity X is. Without, X is

    \b
      -          standard input: a .wasm or a JSON schema
      a folder   a module's project: its .wasm under target/ (the release build
                 before the debug one), else one beside its manifest; --build
                 has spacetime or cargo build it first
      X.wasm     a module (needs the extra: pip install 'stdb[wasm]')
      X.json     a schema, as a server or `extract-schema` prints it

    Without --module, modules come from [tool.stdb-codegen] in the nearest
    pyproject.toml: all of them, or those with the NAMEs.
"""
_EXIT_CODES = """
    \b
    Exit codes:
      0  done{done}
      1  an error{error}
      2  the command is not used as it is described here
"""
_ENDED = ", or --watch ended with Ctrl-C"
_DIFFERS = ", or --check found a difference"
_INSPECT = """Show what a module holds.

    Tables with their columns and keys, reducers, procedures and types, private
    ones too, as the module declares them.
"""
_INIT = """Write a module into pyproject.toml.

    The section [tool.stdb-codegen] of the pyproject.toml in this folder learns
    what the module is and where its package goes; `stdb-codegen generate` then
    needs no options. Run this once for each module.
"""


_SECRET = "stdb_codegen.secret"  # noqa: S105 - where the context keeps the token


def _console(ctx: click.Context, *, quiet: bool = False, verbose: bool = False) -> Console:
    """What a command prints with; it knows the token, so as not to print it."""
    return Console(quiet=quiet, verbose=verbose, secret=ctx.meta.get(_SECRET))


def _keep_token(ctx: click.Context, _: click.Parameter, token: str | None) -> str | None:
    ctx.meta[_SECRET] = token
    return token


class _Group(click.Group):
    """Shows the generator's errors as one line, and exits with 1."""

    def invoke(self, ctx: click.Context) -> object:
        for stream in (sys.stdout, sys.stderr):
            # What a terminal cannot show is shown in other letters, and is no error.
            if isinstance(stream, io.TextIOWrapper):
                stream.reconfigure(errors="backslashreplace")
        try:
            return super().invoke(ctx)
        except CodegenError as error:
            _console(ctx).fail(error)
            ctx.exit(1)
        except click.UsageError as error:
            raise click.UsageError(_console(ctx).shown(error.format_message(), LONGEST), error.ctx) from error


def _complete_name(_: click.Context, __: click.Parameter, incomplete: str) -> list[str]:
    try:
        file = config.find(Path.cwd())
        names = [target.name for target in config.load(file)] if file else []
    except CodegenError:
        return []
    return [name for name in names if name.startswith(incomplete)]


def _selects(command: Callable[..., None]) -> Callable[..., None]:
    """Give a command the options that say which modules it is about."""
    for option in (
        click.option("--build", is_flag=True, help="Build the module's project first."),
        click.option(
            "--token",
            envvar="SPACETIMEDB_TOKEN",
            show_envvar=True,
            callback=_keep_token,
            help="Whom to ask the server as.",
        ),
        click.option("--server", metavar="URL", help="Take X from a server, such as http://localhost:3000."),
        click.option("--module", metavar="X", type=click.Path(), help="Where the schema comes from."),
        click.argument("names", metavar="[NAME]...", nargs=-1, shell_complete=_complete_name),
    ):
        command = option(command)
    return command


@click.group(cls=_Group, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="stdb", prog_name="stdb-codegen")
def main() -> None:
    """Generate typed Python clients for SpacetimeDB modules.

    \b
    To begin, one of these:
      stdb-codegen generate --module my_module --output my_client
      stdb-codegen init --module my_module     and then: stdb-codegen generate
    """


@main.command(help=f"Write the package of a module.\n{_SOURCES}{_EXIT_CODES.format(done=_ENDED, error=_DIFFERS)}")
@_selects
@click.option("-o", "--output", metavar="DIR", type=click.Path(path_type=Path), help="The folder of the package.")
@click.option("--check", is_flag=True, help="Write nothing: print what would change, exit with 1 if anything would.")
@click.option("--watch", "watches", is_flag=True, help="Generate again when the source changes, until Ctrl-C.")
@click.option("--force", is_flag=True, help="Overwrite files that stdb-codegen has not written.")
@click.option("--strict", is_flag=True, help="Take warnings for errors.")
@click.option("--include-private", is_flag=True, help="Declare private tables too.")
@click.option(
    "--templates",
    metavar="DIR",
    type=click.Path(path_type=Path),
    help="Templates that go before those of stdb-codegen with the same names.",
)
@click.option("-q", "--quiet", is_flag=True, help="Print nothing but warnings and errors.")
@click.option("-v", "--verbose", is_flag=True, help="Print details.")
def generate(  # noqa: D103 - its help is put together above
    names: tuple[str, ...],
    module: str | None,
    server: str | None,
    token: str | None,
    output: Path | None,
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
@click.option("--json", "as_json", is_flag=True, help="Print JSON, for programs.")
@click.option("--mermaid", is_flag=True, help="Print a Mermaid diagram of the tables and their keys.")
def inspect_(  # noqa: D103 - its help is put together above
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
@click.option("--module", metavar="X", type=click.Path(), help="As for generate.  [default: the only module here]")
@click.option("--server", metavar="URL", help="The server whose database X is.")
@click.option(
    "-o", "--output", metavar="DIR", type=click.Path(), help="The folder of the package.  [default: NAME_client]"
)
@click.option("--name", help="What to call the module.  [default: its own name]")
def init(module: str | None, server: str | None, output: str | None, name: str | None) -> None:  # noqa: D103
    if module is None:
        if server is not None:
            raise click.UsageError("--server needs --module, which names the database there")
        found = [str(path) for path in project.modules(Path())]
        if len(found) != 1:
            what = f"several modules are here: {', '.join(found)}" if found else "there is no module here"
            raise click.UsageError(f"{what}; say which with --module")
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
