"""The text of a mail as blocks and as a page: what is kept of HTML, and what hostile HTML costs."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import pypdfium2
import pytest

from maild.children import Children, JobFailed, Limits
from maild.render.mail_blocks import MOST_BLOCKS, MOST_CHARACTERS, of_html, of_text

pytestmark = pytest.mark.anyio

LIMITS = Limits(cpu=10, wall=30, memory=3 << 30)


@pytest.fixture(scope="module")
async def children() -> AsyncIterator[Children]:
    made = Children(1, fresh=True)
    yield made
    await made.close()


async def page(children: Children, **said: object) -> str:
    order = {
        "rows": [["Subject", "Order"]],
        "head": 90,
        "html": "",
        "text": "",
        "day": None,
        "note": "Made",
    }
    payload = json.dumps(order | said).encode()
    made = await children.run("maild.render.mail_page:pdf", payload, limits=LIMITS)
    assert made == await children.run("maild.render.mail_page:pdf", payload, limits=LIMITS)
    return "\n".join(one.get_textpage().get_text_range() for one in pypdfium2.PdfDocument(made))


def texts(source: str) -> list[str]:
    return [one.get("text", one["kind"]) for one in of_html(source)]


def test_headings_paragraphs_items_and_tables_keep_their_order() -> None:
    blocks = of_html(
        "<h1>Order <b>77</b></h1><p>Dear customer,<br>thank you.</p><ul><li>one<li>two</ul>"
        "<table><tr><th>Item<th>Price<tr><td>Book<td>12,10</table><hr><p>Bye</p>"
    )
    assert blocks == [
        {"kind": "heading", "text": "Order 77"},
        {"kind": "text", "text": "Dear customer,"},
        {"kind": "text", "text": "thank you."},
        {"kind": "item", "text": "one"},
        {"kind": "item", "text": "two"},
        {"kind": "table", "rows": [["Item", "Price"], ["Book", "12,10"]], "columns": 2},
        {"kind": "rule"},
        {"kind": "text", "text": "Bye"},
    ]


def test_tables_that_only_place_things_are_read_as_blocks() -> None:
    nested = "<table><tr><td><p>Left</p></td><td><table><tr><td>a<td>b</table></td></tr></table>"
    assert [one["kind"] for one in of_html(nested)] == ["text", "table"]
    assert texts("<table><tr><td>Only<tr><td>one column</table>") == ["Only", "one column"]


def test_nothing_that_runs_or_is_fetched_is_left() -> None:
    hostile = (
        "<script>alert(1)</script><style>p{}</style><title>t</title>"
        '<p onclick="x()">Total<img src="http://a.example/x.png"> <a href="javascript:x">here</a></p>'
        "<iframe src=//a.example>f</iframe><svg><text>s</text></svg><!-- hidden -->"
    )
    words = " ".join(texts(hostile))
    assert "Total here" in words
    assert not {"alert", "p{}", "hidden", "example"} & set(words.split())


def test_plain_text_keeps_its_lines() -> None:
    assert [one["text"] for one in of_text("Order 7\n\n  Total:   12,10\n")] == [
        "Order 7",
        "Total: 12,10",
    ]


@pytest.mark.parametrize(
    "source",
    [
        "<div>" * 50_000 + "deep",
        "<table><tr><td>" * 3_000 + "x",
        "<p>a</p>" * 300_000,
        "x" * 5_000_000,
        "<table>" + "<tr><td>a<td>b" * 20_000 + "</table>",
        "<" * 100_000,
        "&amp;" * 500_000,
    ],
    ids=["deep", "deep tables", "many", "long", "rows", "signs", "entities"],
)
def test_hostile_html_stays_within_bounds(source: str) -> None:
    blocks = of_html(source)
    assert len(blocks) <= MOST_BLOCKS
    assert sum(len(one.get("text", "")) for one in blocks) <= 5 * MOST_CHARACTERS


async def test_a_page_shows_the_text_and_runs_none_of_it(children: Children) -> None:
    shown = await page(
        children,
        html='<p>#panic("x") $1 + 1$ *not bold* &euro; 12,10</p><table><tr><td>a<td>b</table>',
        rows=[["Subject", "Order #77"], ["From", "shop@a.example"]],
        day="2026-01-05",
    )
    for words in ("Order #77", "shop@a.example", '#panic("x") $1 + 1$ *not bold* € 12,10', "Made"):
        assert words in shown


async def test_without_html_the_plain_text_is_set(children: Children) -> None:
    assert "Bye" in await page(children, text="Total 12,10\nBye")
    assert "Total 12,10" in await page(children, html="<img src=x>", text="Total 12,10")


async def test_a_mail_without_words_has_no_page(children: Children) -> None:
    with pytest.raises(JobFailed, match="no text"):
        await page(children, html="<br><img src=x>", text=" \n ")
