"""Generates again whenever a source changes."""

from __future__ import annotations

import time
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, TypeAlias

from stdb_codegen.errors import CodegenError
from stdb_codegen.sources import files, project, server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from stdb_codegen.cli.config import Target
    from stdb_codegen.cli.generation import Generation

    Look: TypeAlias = Callable[[], object]

# Seconds between two looks at files, and at a server.
PAUSE = 0.2
SERVER_PAUSE = 2.0


def watch(load: Callable[[], Sequence[Target]], config: Path | None, generation: Generation) -> None:
    """Generate packages, and again each one whose source changes, until Ctrl-C.

    Args:
        load: Gives the packages.
        config: The file that `load` reads, if it reads one; it is called again when that changes.
        generation: How to generate.
    """
    try:
        configured = Watched(lambda: _stamps([config] if config else []))
        targets = load()
        while True:
            _watch_until(configured, targets, generation)
            try:
                targets = load()
            except CodegenError as error:
                generation.console.fail(error)
    except KeyboardInterrupt:
        generation.console.say("\nended")


def _watch_until(configured: Watched, targets: Sequence[Target], generation: Generation) -> None:
    watched = [(target, Watched(_look(target, generation.token))) for target in targets]
    generation.run(targets)
    listed = ", ".join(str(target.source) for target in targets)
    generation.console.say(f"watching {listed} (Ctrl-C ends this)")
    while not configured.changed():
        time.sleep(PAUSE)
        generation.run([target for target, source in watched if source.changed()])


class Watched:
    """Something to look at again and again.

    A change counts once two looks in a row see the same: what is still being written is waited for.
    """

    def __init__(self, look: Look) -> None:
        self._look = look
        self._settled = self._seen = look()

    def changed(self) -> bool:
        """Whether it has changed since this was last true, and has come to rest."""
        before, self._seen = self._seen, self._look()
        if self._seen == self._settled or self._seen != before:
            return False
        self._settled = self._seen
        return True


def _look(target: Target, token: str | None) -> Look:
    source = target.source
    if source.server:
        return _look_at_server(source.server, source.module, token)
    return lambda: _stamps([*_sources(target), *_templates(target)])


def _look_at_server(address: str, database: str, token: str | None) -> Look:
    """Looks at a database's schema; as long as the server does not answer, nothing has changed."""
    state: bytes | None = None
    due = 0.0

    def look() -> object:
        nonlocal state, due
        if time.monotonic() >= due:
            with suppress(CodegenError):
                state = server.fetch(address, database, token).data
            due = time.monotonic() + SERVER_PAUSE
        return state

    return look


def _stamps(paths: Iterable[Path]) -> object:
    """When files were written; None for those that are not there."""
    found: dict[Path, tuple[int, int, int] | None] = {}
    for path in paths:
        try:
            status = path.stat()
            found[path] = (status.st_mtime_ns, status.st_size, status.st_ino)
        except OSError:
            found[path] = None
    return found


def _sources(target: Target) -> Iterator[Path]:
    path = Path(target.source.module)
    if not files.is_folder(path):
        yield path
    elif target.source.build:
        yield from project.sources(path)
    else:
        try:
            yield project.find_wasm(path)
        except CodegenError:
            # Generating says so; to watch there is nothing yet.
            return


def _templates(target: Target) -> Iterable[Path]:
    return sorted(target.templates.glob("*.jinja")) if target.templates else ()
