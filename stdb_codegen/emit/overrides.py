"""Templates of the user's own: what is wrong with one is said in a line that names it."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import jinja2

from stdb_codegen.emit import render
from stdb_codegen.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path

    from stdb_codegen.emit.declaration import Package

_MEND = "mend it, or leave --templates away"


def render_with(folder: Path, package: Package) -> dict[str, str]:
    """Write a package's files, with the templates of a folder before those of the same names.

    Args:
        folder: The folder.
        package: What the package declares.

    Raises:
        TemplateError: The folder holds no such template, or one that fails.
    """
    known = {path.name for path in render.templates().glob("*.jinja")}
    if not any((folder / name).is_file() for name in known):
        listed = ", ".join(sorted(known))
        raise TemplateError(str(folder), "holds none of the templates", f"give a folder with one of {listed}")
    try:
        return render.render(package, folder)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename}:{error.lineno}", error.message or "is no template", _MEND) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(_place(error, folder), f"{error.name!r} not found", _MEND) from error
    except SyntaxError as error:
        problem = f"the templates make no Python of {error.filename}:{error.lineno}: {error.msg}"
        raise TemplateError(str(folder), problem, _MEND) from error
    except Exception as error:
        # A template can do anything that Python can, and so fail in every way.
        raise TemplateError(_place(error, folder), str(error), _MEND) from error


def _place(error: Exception, folder: Path) -> str:
    """The line of a template that an error comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename}:{frame.lineno}" for frame in frames if frame.filename.endswith(".jinja")]
    return lines[-1] if lines else str(folder)
