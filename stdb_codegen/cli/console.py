"""What the command prints: results on standard output, everything else on standard error."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from stdb_codegen.text import HIDDEN, LONGEST, shown

if TYPE_CHECKING:
    from collections.abc import Generator

# Seconds that something may take without a word.
PATIENCE = 1.0
# Different warnings: nobody reads more, and a schema can be full of them.
MOST_WARNINGS = 100
# Characters of what is looked for to hide it: shorter texts are parts of words, and no tokens.
SHORTEST_SECRET = 6


@dataclass(slots=True)
class Console:
    """Prints as much as was asked for; warnings and errors always, and each warning once.

    Attributes:
        quiet: Whether to print nothing but warnings and errors.
        verbose: Whether to print details.
        secret: What is never printed: the token.
    """

    quiet: bool = False
    verbose: bool = False
    secret: str | None = None
    _warned: set[str] = field(default_factory=set[str])

    def say(self, text: str) -> None:
        """Print a result."""
        if not self.quiet:
            click.echo("\n".join(self.shown(line) for line in text.split("\n")))

    def detail(self, text: str) -> None:
        """Print what only those want to know who ask for it."""
        if self.verbose:
            click.echo(f"  {self.shown(text, LONGEST)}", err=True)

    def warn(self, text: str) -> None:
        """Print a warning, unless it was printed before, or too many others were."""
        if text in self._warned or len(self._warned) > MOST_WARNINGS:
            return
        self._warned.add(text)
        if len(self._warned) > MOST_WARNINGS:
            text = f"there are more than {MOST_WARNINGS} warnings, and the others are not printed"
        click.echo(f"warning: {self.shown(text, LONGEST)}", err=True)

    def fail(self, error: Exception, name: str = "") -> None:
        """Print an error, of the module of that name; and, among the details, what it came from."""
        # The error's own text has its limits.
        where = f"{self.shown(name, LONGEST)}: " if name else ""
        click.echo(f"error: {where}{self.shown(str(error))}", err=True)
        if error.__cause__ is not None:
            self.detail(f"from {type(error.__cause__).__name__}: {error.__cause__}")

    def shown(self, text: str, limit: int | None = None) -> str:
        """A text as it may be printed: on one line, and without the token."""
        if self.secret and len(self.secret) >= SHORTEST_SECRET:
            text = text.replace(self.secret, HIDDEN)
        return shown(text, limit)

    @contextmanager
    def step(self, doing: str) -> Generator[None]:
        """Do something, and say what if it takes over a second, such as `reading my_module`."""
        timer = threading.Timer(PATIENCE, click.echo, [f"{self.shown(doing, LONGEST)} ..."], {"err": True})
        timer.daemon = True
        if not self.quiet:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()
