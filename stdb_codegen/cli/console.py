"""Console output of the command: results on standard output, everything else on standard error."""

from __future__ import annotations

import threading
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import click

from stdb_codegen.text import HIDDEN, LONGEST, printable

if TYPE_CHECKING:
    from collections.abc import Generator

__all__ = ["MOST_WARNINGS", "PATIENCE", "SHORTEST_SECRET", "Console"]

# Seconds after which a step is announced.
PATIENCE = 1.0
# Limit of different warnings, of which a schema can be full.
MOST_WARNINGS = 100
# Characters of a secret that is hidden: shorter texts are parts of words, and not tokens.
SHORTEST_SECRET = 6


@dataclass(slots=True)
class Console:
    """Console; it prints each warning once.

    Attributes:
        quiet: whether to print only warnings and errors.
        verbose: whether to print details.
        secret: auth token, which is never printed.
    """

    quiet: bool = False
    verbose: bool = False
    secret: str | None = None
    _warned: set[str] = field(default_factory=set[str])

    def say(self, text: str) -> None:
        """Print a result."""
        if not self.quiet:
            click.echo("\n".join(self.printable(line) for line in text.split("\n")))

    def detail(self, text: str) -> None:
        """Print a detail, if the console is verbose."""
        if self.verbose:
            click.echo(f"  {self.printable(text, LONGEST)}", err=True)

    def warn(self, text: str) -> None:
        """Print a warning, unless it was printed before, or too many others were."""
        if text in self._warned or len(self._warned) > MOST_WARNINGS:
            return
        self._warned.add(text)
        if len(self._warned) > MOST_WARNINGS:
            text = f"there are more than {MOST_WARNINGS} warnings; the others are not printed"
        click.echo(f"warning: {self.printable(text, LONGEST)}", err=True)

    def fail(self, error: Exception, name: str = "") -> None:
        """Print an error, with the name of the module, and its cause as a detail."""
        # The error's own text is limited already.
        where = f"{self.printable(name, LONGEST)}: " if name else ""
        click.echo(f"error: {where}{self.printable(str(error))}", err=True)
        if error.__cause__ is not None:
            self.detail(f"from {type(error.__cause__).__name__}: {error.__cause__}")

    def printable(self, text: str, limit: int | None = None) -> str:
        """Return a text that is safe to print: on one line, and without the token."""
        if self.secret and len(self.secret) >= SHORTEST_SECRET:
            text = text.replace(self.secret, HIDDEN)
        return printable(text, limit)

    @contextmanager
    def step(self, doing: str) -> Generator[None]:
        """Run a step, and print its description, such as `reading my_module`, if it takes over a second."""
        timer = threading.Timer(PATIENCE, click.echo, [f"{self.printable(doing, LONGEST)} ..."], {"err": True})
        timer.daemon = True
        if not self.quiet:
            timer.start()
        try:
            yield
        finally:
            timer.cancel()
