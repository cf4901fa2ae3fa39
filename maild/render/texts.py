"""A team's own texts with their values filled in, as plain text.

Teams write them, so they are templates without powers: a sandbox, a limit on their length, and the
limits of the child this runs in (a sandbox does not stop "a" * 100000000; rendering.md section 5).
"""

from __future__ import annotations

from collections.abc import Mapping

_MOST = 4000
_SIGNS = ("{{", "{%", "{#")


class BadText(ValueError):
    """A team's text cannot be filled in; the message says why, for a person."""


def fill(text: str, values: Mapping[str, str]) -> str:
    """The text with `{{ name }}` replaced by its value. Raises BadText."""
    if not any(sign in text for sign in _SIGNS):
        return text[:_MOST]
    # Here, since most texts are plain and the import takes a fifth of a first page's time.
    from jinja2 import StrictUndefined, TemplateError  # noqa: PLC0415
    from jinja2.sandbox import ImmutableSandboxedEnvironment  # noqa: PLC0415

    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)
    try:
        # Not a web page: the result is data for the typesetter, so there is nothing to escape.
        return environment.from_string(text).render(values)[:_MOST]
    except (TemplateError, ArithmeticError, TypeError, ValueError) as fault:
        raise BadText(str(fault)) from fault
