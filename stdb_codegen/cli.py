"""The command `stdb-codegen`."""

from __future__ import annotations

from pathlib import Path

import click

from stdb_codegen import context, lower, output, rawdef, render, source
from stdb_codegen.errors import CodegenError


class _Group(click.Group):
    """Shows the generator's errors as one line, and exits with 1."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except CodegenError as error:
            click.echo(f"error: {error}", err=True)
            ctx.exit(1)


@click.group(cls=_Group)
@click.version_option(package_name="stdb", prog_name="stdb-codegen")
def main() -> None:
    """Generate a typed Python client for a SpacetimeDB module."""


@main.command()
@click.option(
    "--module",
    required=True,
    help="A .wasm, a .json schema, or a module's folder; with --server, the name or identity of a database there.",
)
@click.option("--server", metavar="URL", help="Take the schema from a server, such as http://localhost:3000.")
@click.option("--token", envvar="SPACETIMEDB_TOKEN", show_envvar=True, help="Whom to ask the server as.")
@click.option("--build", is_flag=True, help="Build a module's folder first, with spacetime or cargo.")
@click.option("--force", is_flag=True, help="Overwrite files that stdb-codegen has not written.")
@click.option(
    "-o",
    "--output",
    "folder",
    required=True,
    type=click.Path(path_type=Path),
    help="The folder of the package to write.",
)
def generate(module: str, server: str | None, token: str | None, build: bool, force: bool, folder: Path) -> None:
    """Write the package of a module."""
    definition = source.Source(module, server, build).read(token)
    schema = lower.lower(rawdef.decode(definition))
    package = context.build(schema)
    for warning in package.warnings:
        click.echo(f"warning: {warning}", err=True)
    report = output.write(folder, render.render(package), force=force)
    click.echo(
        f"{definition.place}: {len(package.tables)} tables, {len(package.reducers)} reducers, "
        f"{len(package.types)} types"
    )
    click.echo(f"{folder}/: {report}")
