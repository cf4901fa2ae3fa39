"""The words and layouts of letters: one file of words a language, and a team's own texts over them.

A text is a sentence with {{ fields }} and {% if %}, and nothing else: no loops, calls, attributes
or arithmetic, so that it ends at once whatever an operator writes. That is checked on the parsed
text, before anything runs; the sandbox stands behind it. Layouts are ours and use all of Jinja2.
"""

from __future__ import annotations

import tomllib
from collections.abc import Collection, Iterator, Mapping
from functools import cache, lru_cache
from importlib.resources import files
from typing import Any, Final

from jinja2 import PackageLoader, StrictUndefined, Template, TemplateError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from maild.errors import UserError
from maild.model.said import Said

_LONGEST_SOURCE: Final = 4_000  # a letter has a page, not a book
_LONGEST_RESULT: Final = 20_000
_FILTERS: Final = frozenset({"upper", "lower"})
_ALLOWED: Final = (
    nodes.Template,
    nodes.Output,
    nodes.TemplateData,
    nodes.Name,
    nodes.Const,
    nodes.If,
    nodes.CondExpr,
    nodes.And,
    nodes.Or,
    nodes.Not,
    nodes.Compare,
    nodes.Operand,
    nodes.Filter,
)
# What Jinja2 and the compiler behind it raise for a text that is wrong, or nested without end.
_FAULTS: Final = (TemplateError, SyntaxError, ValueError, RecursionError, MemoryError)


class TextProblem(UserError):
    """A text of a team cannot be used; the problem says which word of it and why."""

    exit_code = 78


@cache
def phrases(language: str) -> Mapping[str, Any]:
    """Everything that letters say in that language: `templates/mail/LANGUAGE.toml`."""
    source = files("maild.render").joinpath("templates", "mail", f"{language}.toml")
    return tomllib.loads(source.read_text("utf-8"))


def fill(source: str, fields: Mapping[str, str]) -> str:
    """The text with its fields filled in; nothing is escaped, since the layouts do that.

    Raises TextProblem when the text is more than fields and conditions, or names an unknown field.
    """
    checked = _checked(source, frozenset(fields))
    return checked.render(fields)[:_LONGEST_RESULT].strip()


def check(source: str, names: Collection[str]) -> None:
    """Raise TextProblem unless `source` can be filled from fields of these names, whatever they hold."""
    _checked(source, frozenset(names))


def lay_out(name: str, **values: object) -> str:
    """A whole letter from one of our layouts, such as "letter.html"; HTML is escaped."""
    return _layouts().get_template(name).render(values)


@lru_cache(maxsize=1024)
def _checked(source: str, names: frozenset[str]) -> Template:
    if len(source) > _LONGEST_SOURCE:
        english = f"the text has {len(source)} characters; {_LONGEST_SOURCE} is the limit"
        raise TextProblem(Said("text_long", english, most=_LONGEST_SOURCE))
    try:
        problem = next(_problems(_texts().parse(source), names), None)
        if problem is None:
            return _texts().from_string(source)
    except _FAULTS as fault:
        english = f"the text cannot be read: {fault}"
        raise TextProblem(Said("text_unreadable", english, why=str(fault))) from fault
    raise TextProblem(problem)


def _problems(tree: nodes.Node, names: frozenset[str]) -> Iterator[str]:
    """What a text may not have, in words. Walks with a list, since a hostile text nests deeply."""
    waiting = [tree]
    while waiting:
        node = waiting.pop()
        waiting.extend(node.iter_child_nodes())
        if isinstance(node, nodes.Name) and node.name not in names:
            known = ", ".join(sorted(names))
            english = f'there is no field "{node.name}"; there are {known}'
            yield Said("no_field", english, field=node.name, known=known)
        elif isinstance(node, nodes.Filter) and (node.name not in _FILTERS or node.args):
            known = ", ".join(f"|{one}" for one in sorted(_FILTERS))
            english = f'"|{node.name}" is not for letters; there are {known}'
            yield Said("no_filter", english, name=node.name, known=known)
        elif not isinstance(node, _ALLOWED):
            kind = type(node).__name__.lower()
            english = f"a text may have {{{{ fields }}}} and {{% if %}}, but not this ({kind})"
            yield Said("text_has", english, sort=kind)


@cache
def _texts() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(undefined=StrictUndefined, autoescape=False)


@cache
def _layouts() -> ImmutableSandboxedEnvironment:
    return ImmutableSandboxedEnvironment(
        loader=PackageLoader("maild.render", "templates/mail"),
        undefined=StrictUndefined,
        autoescape=lambda name: bool(name and name.endswith(".html")),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
    )
