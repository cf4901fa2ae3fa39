"""The line of every key, whatever form TOML gives it."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from maild.config.lines import key_lines

TEXT = '''\
# a comment with [brackets] and key = "value"
top = 1979-05-27 07:32:00  # a date with a space
[a.b]
"quoted.key" = "}]#,"
'literal' = 'C:\\'
dotted . inner = 1
long = """
[not.a.table]
x = "still text" \\""" """""
array = [
  1, # one
  [2, 3],

  { k = "v", deep = { z = [
    4] } },
]
[[a.list]]
n = 1
[a.list.sub]
m = 1
[[a.list]]
n = 2
[[a.list.more]]
o = [[1],
 [2]]
[last]
e = \'\'\'
\'\'\'\'\'
f = -inf
'''

EXPECTED = {
    ("top",): 2,
    ("a",): 3,
    ("a", "b"): 3,
    ("a", "b", "quoted.key"): 4,
    ("a", "b", "literal"): 5,
    ("a", "b", "dotted", "inner"): 6,
    ("a", "b", "long"): 7,
    ("a", "b", "array"): 10,
    ("a", "b", "array", 0): 11,
    ("a", "b", "array", 1, 1): 12,
    ("a", "b", "array", 2, "k"): 14,
    ("a", "b", "array", 2, "deep", "z", 0): 15,
    ("a", "list"): 17,
    ("a", "list", 0, "n"): 18,
    ("a", "list", 0, "sub", "m"): 20,
    ("a", "list", 1): 21,
    ("a", "list", 1, "n"): 22,
    ("a", "list", 1, "more", 0, "o", 1, 0): 25,
    ("last", "e"): 27,
    ("last", "f"): 29,
}


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_every_form_of_key_has_its_line(end: str) -> None:
    found = key_lines(TEXT.replace("\n", end))
    assert {path: found.get(path) for path in EXPECTED} == EXPECTED


def paths_of(value: Any, path: tuple[str | int, ...] = ()) -> set[tuple[str | int, ...]]:
    """Every path in a tree of tables and arrays."""
    inner = value.items() if isinstance(value, dict) else enumerate(value)
    found = set()
    for name, one in inner:
        found.add((*path, name))
        if isinstance(one, dict | list):
            found |= paths_of(one, (*path, name))
    return found


def test_no_key_is_missed_and_none_is_made_up() -> None:
    assert set(key_lines(TEXT)) == paths_of(tomllib.loads(TEXT))


TEXTS = st.text(st.sampled_from("ab\"'\\#[]{}=,.\n é"), max_size=8)


def toml_text(value: str) -> str:
    escapes = {'"': '\\"', "\\": "\\\\", "\n": "\\n"}
    return '"' + "".join(escapes.get(one, one) for one in value) + '"'


def toml_value(value: Any) -> str:
    if isinstance(value, dict):
        return "{" + ", ".join(f"{toml_text(k)} = {toml_value(v)}" for k, v in value.items()) + "}"
    if isinstance(value, list):
        return "[\n" + ",\n".join(toml_value(one) for one in value) + "]"
    return toml_text(value) if isinstance(value, str) else str(value)


VALUES = st.recursive(
    st.integers(-5, 5) | TEXTS,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXTS, inner, max_size=3),
    max_leaves=8,
)


@given(tables=st.dictionaries(TEXTS, st.dictionaries(TEXTS, VALUES, max_size=3), max_size=3))
def test_any_tree_of_tables_has_a_line_for_each_of_its_keys(tables: dict[str, Any]) -> None:
    text = "".join(
        f"[{toml_text(name)}]\n"
        + "".join(f"{toml_text(key)} = {toml_value(value)}\n" for key, value in table.items())
        for name, table in tables.items()
    )
    assert tomllib.loads(text) == tables
    assert set(key_lines(text)) == paths_of(tables)
