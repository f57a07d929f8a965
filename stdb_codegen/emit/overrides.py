"""Custom templates, with errors that name the template and its line."""

from __future__ import annotations

import traceback
from typing import TYPE_CHECKING

import jinja2

from stdb_codegen.emit import render
from stdb_codegen.errors import TemplateError

if TYPE_CHECKING:
    from pathlib import Path

    from stdb_codegen.emit.declaration import Package

__all__ = ["render_with"]

_FIX = "fix it, or omit --templates"


def render_with(folder: Path, package: Package) -> dict[str, str]:
    """Render the files of a package, with custom templates in place of the built-in ones of the same names.

    Args:
        folder: folder of the custom templates.
        package: declarations of the package.

    Raises:
        TemplateError: the folder holds no template of a known name, or one that fails.
    """
    known = {path.name for path in render.templates().glob("*.jinja")}
    if not any((folder / name).is_file() for name in known):
        listed = ", ".join(sorted(known))
        raise TemplateError(str(folder), "has no template of a known name", f"give a folder with one of {listed}")
    try:
        return render.render(package, folder)
    except jinja2.TemplateSyntaxError as error:
        raise TemplateError(f"{error.filename}:{error.lineno}", error.message or "is not a template", _FIX) from error
    except jinja2.TemplateNotFound as error:
        raise TemplateError(_place(error, folder), f"{error.name!r} not found", _FIX) from error
    except SyntaxError as error:
        problem = f"the templates produce invalid Python, {error.filename}:{error.lineno}: {error.msg}"
        raise TemplateError(str(folder), problem, _FIX) from error
    except Exception as error:
        # A template can run any expression, and so raise any error.
        raise TemplateError(_place(error, folder), str(error), _FIX) from error


def _place(error: Exception, folder: Path) -> str:
    """Return the template and the line that an error comes from."""
    frames = traceback.extract_tb(error.__traceback__)
    lines = [f"{frame.filename}:{frame.lineno}" for frame in frames if frame.filename.endswith(".jinja")]
    return lines[-1] if lines else str(folder)
