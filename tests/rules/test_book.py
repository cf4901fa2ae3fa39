"""Who an address belongs to, and what a new book keeps of the old one."""

from __future__ import annotations

import pytest

from maild.errors import UnknownTeam
from maild.rules.book import TAGS, RuleBook, UnknownTag
from tests.builders_rules import a_team

ACME = a_team(addresses=("acme@post.example", "acme@köln.example"))
BETA = a_team(slug="beta", addresses=("beta@post.example",))
BOOK = RuleBook([ACME, BETA])


@pytest.mark.parametrize(
    ("address", "slug", "tag"),
    [
        ("acme@post.example", "acme", None),
        ("ACME@POST.example.", "acme", None),
        ("Acme+Invoice@post.example", "acme", "invoice"),
        ("acme+purchase-credit@post.example", "acme", "purchase-credit"),
        ("acme@xn--kln-sna.example", "acme", None),
        ("acme@KÖLN.example", "acme", None),
        ("beta+other@post.example", "beta", "other"),
    ],
)
def test_an_address_finds_its_team_and_tag(address: str, slug: str, tag: str | None) -> None:
    found = BOOK.find(address)
    assert found is not None
    assert (found[0].slug, found[1]) == (slug, tag)


@pytest.mark.parametrize(
    "address",
    [
        "gamma@post.example",
        "acme@post.example.org",
        "acme",
        "",
        "@post.example",
        "a" * 9000 + "@ö" * 9000,
    ],
)
def test_an_address_of_nobody_finds_nothing(address: str) -> None:
    assert BOOK.find(address) is None


@pytest.mark.parametrize("tag", ["invioce", "", "x+invoice"])
def test_an_unknown_tag_is_refused_with_the_tags_there_are(tag: str) -> None:
    with pytest.raises(UnknownTag) as caught:
        BOOK.find(f"acme+{tag}@post.example")
    assert all(f"+{one}" in str(caught.value) for one in TAGS)
    assert caught.value.smtp == "550 5.1.1"


def test_a_misspelt_team_is_told_the_near_one() -> None:
    with pytest.raises(UnknownTeam, match='there is no team "acem"; did you mean "acme"'):
        BOOK.team("acem")


def test_a_new_book_keeps_what_a_broken_team_had_and_forgets_the_others() -> None:
    new = a_team(slug="gamma", addresses=("gamma@post.example",))
    book = BOOK.replace([new], broken={"acme", "never-there"})
    assert [team.slug for team in book.teams] == ["gamma", "acme"]
    assert book.find("beta@post.example") is None
    assert BOOK.find("beta@post.example") is not None  # the old book is as it was
