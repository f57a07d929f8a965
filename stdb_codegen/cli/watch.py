"""Watch mode: generates again whenever a source changes."""

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

    Poll: TypeAlias = Callable[[], object]

__all__ = ["PAUSE", "SERVER_PAUSE", "Watched", "watch"]

# Seconds between two polls of files, and of a server.
PAUSE = 0.2
SERVER_PAUSE = 2.0


def watch(load: Callable[[], Sequence[Target]], config: Path | None, generation: Generation) -> None:
    """Generate packages, and again each one whose source changes, until Ctrl-C.

    Args:
        load: function that returns the packages; called again when `config` changes.
        config: configuration file that `load` reads, or None.
        generation: generation of packages.
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
    watched = [(target, Watched(_poll(target, generation.token))) for target in targets]
    generation.run(targets)
    listed = ", ".join(str(target.source) for target in targets)
    generation.console.say(f"watching {listed} (Ctrl-C ends this)")
    while not configured.changed():
        time.sleep(PAUSE)
        generation.run([target for target, source in watched if source.changed()])


class Watched:
    """Watched state, which is polled.

    A change counts when two polls in a row return the same state, so that a file is not read while it is written.
    """

    def __init__(self, poll: Poll) -> None:
        self._poll = poll
        self._settled = self._seen = poll()

    def changed(self) -> bool:
        """Tell whether the state has changed since this last returned True, and has settled."""
        before, self._seen = self._seen, self._poll()
        if self._seen == self._settled or self._seen != before:
            return False
        self._settled = self._seen
        return True


def _poll(target: Target, token: str | None) -> Poll:
    source = target.source
    if source.server:
        return _server_poll(source.server, source.module, token)
    return lambda: _stamps([*_sources(target), *_templates(target)])


def _server_poll(address: str, database: str, token: str | None) -> Poll:
    """Return a poll of the schema of a database; while the server does not answer, the state stays the same."""
    state: bytes | None = None
    due = 0.0

    def poll() -> object:
        nonlocal state, due
        if time.monotonic() >= due:
            with suppress(CodegenError):
                state = server.fetch(address, database, token).data
            due = time.monotonic() + SERVER_PAUSE
        return state

    return poll


def _stamps(paths: Iterable[Path]) -> object:
    """Return the modification times, sizes and inodes of files; None for those that do not exist."""
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
        return
    # The generation reports an error; nothing can be watched yet.
    with suppress(CodegenError):
        if target.source.build:
            yield from project.sources(path)
        else:
            yield project.find_wasm(path)


def _templates(target: Target) -> Iterable[Path]:
    return sorted(target.templates.glob("*.jinja")) if target.templates else ()
