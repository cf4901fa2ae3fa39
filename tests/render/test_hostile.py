"""Foreign text on the page is text: it runs nothing, reads nothing, calls nobody, blocks nothing."""

from __future__ import annotations

import socket
from dataclasses import replace
from datetime import date
from decimal import Decimal

import pypdfium2
import pytest

from maild.children import Children, JobFailed
from maild.model.bill import Item, Note
from maild.model.team import Branding
from tests.render.bills import BUYER, a_bill, a_line, eur
from tests.render.conftest import Render

pytestmark = pytest.mark.anyio


def words_of(content: bytes) -> str:
    """All text of a file, with every break as a space."""
    with pypdfium2.PdfDocument(content) as document:
        texts = [one.get_textpage().get_text_bounded() for one in document]
    return " ".join(" ".join(texts).replace("\u200b", "").split())


@pytest.mark.parametrize(
    "name",
    [
        'ACME #read("/etc/passwd")',
        '#import "@preview/cetz:0.3.0": *',
        "$ sum_(k=1)^n k $ *bold* _em_ `raw` <label> @ref // comment",
        '"]); #panic() //',
        "{{ 7 * 7 }} {% for x in y %}",
        "</text><script>alert(1)</script>",
        "back\\slash \\u{41} \\n",
    ],
)
async def test_markup_in_a_name_is_printed_as_it_was_written(render: Render, name: str) -> None:
    line = replace(a_line(0), item=Item(name=name, description=name))
    bill = a_bill(buyer=replace(BUYER, name=name), number=name[:50], lines=1, notes=(Note(name),))
    made = await render(replace(bill, lines=(line,)))
    assert made.archival
    text = words_of(made.content)
    assert text.count(" ".join(name.split())) >= 3
    assert "root:" not in text


@pytest.mark.parametrize(
    ("name", "shown"),
    [
        ("Ofﬁce", "fice"),
        ("مرحبا بالعالم", "مرحبا"),
        ("שלום", "שלום"),
        ("Ελληνικά Кирилиця", "Ελληνικά Кирилиця"),
        ("a\x00b\x07c\x1b[31md\x7f\x85e", "abc[31md e"),
        ("invoice\u202egnp.exe", "invoicegnp.exe"),
        ("e\u0301te\u0301", "été"),
        ("m² ½ ™ …", "m² ½ ™ …"),
        ("Ｆｕｌｌ", "Full"),
        ("zero\u200bwidth\ufeff", "zerowidth"),
    ],
    ids=range(10),
)
async def test_unusual_characters_keep_the_file_archival(
    render: Render, name: str, shown: str
) -> None:
    made = await render(a_bill(buyer=replace(BUYER, name=name)))
    assert made.archival
    assert shown in words_of(made.content)


@pytest.mark.parametrize("name", ["Bakkerij 🥐", "株式会社", "\U000f0000 \ue000 🏳️‍🌈"])
async def test_a_character_without_a_font_never_holds_up_a_bill(render: Render, name: str) -> None:
    made = await render(a_bill(buyer=replace(BUYER, name=name)))
    assert not made.archival
    assert "no font has the character" in made.remarks[0]
    assert "4.844,56" in words_of(made.content)


async def test_a_lone_surrogate_never_holds_up_a_bill(render: Render) -> None:
    made = await render(a_bill(buyer=replace(BUYER, name="half \ud83d a character")))
    assert "4.844,56" in words_of(made.content)


@pytest.mark.parametrize("text", ["N" * 10_000, "word " * 2_000, "\n" * 10_000, "ﷺ" * 10_000])
async def test_ten_thousand_characters_fit(render: Render, text: str) -> None:
    item = Item(name=text, description=text)
    bill = a_bill(
        buyer=replace(BUYER, name=text),
        lines=2,
        number=text[:9999] or "1",
        notes=(Note(text),) * 3,
        buyer_reference=text,
        payment_terms=text,
    )
    made = await render(replace(bill, lines=(replace(bill.lines[0], item=item), bill.lines[1])))
    with pypdfium2.PdfDocument(made.content) as document:
        assert 1 <= len(document) <= 12
    assert "€" in words_of(made.content)


async def test_enormous_and_tiny_numbers_fit(render: Render) -> None:
    line = replace(a_line(0), quantity=Decimal("1E-400"), net=eur(Decimal("9E+900")), id="x" * 500)
    made = await render(replace(a_bill(issued_on=date(1, 1, 1)), lines=(line,)))
    assert "9.000000E+900" in words_of(made.content)


async def test_a_team_text_has_no_powers_and_no_bomb(render: Render) -> None:
    texts = (
        ("nl.invoice.intro", "{{ ''.__class__.__mro__ }}"),
        ("nl.invoice.closing", "{{ 'a' * 100000 }}"),
        ("nl.invoice.payment", "{% for i in range(10**9) %}x{% endfor %}"),
    )
    made = await render(a_bill(), branding=Branding(texts=texts))
    text = words_of(made.content)
    assert "class" not in text
    assert len(text) < 9_000
    assert any("payment" in one for one in made.remarks)


@pytest.mark.parametrize(
    ("source", "reason"),
    [
        ('#import "@preview/cetz:0.3.0": *', "package"),
        ('#let at = "@prev" + "iew/cetz:0.3.0"\n#import at: *', "package"),
        ('#read("/etc/passwd")', "file not found"),
        ('#read("../../../../etc/passwd")', "root|not found"),
        ('#image("http://127.0.0.1/x.png")', "not found"),
    ],
)
async def test_even_source_of_the_typesetter_could_reach_nothing(
    monkeypatch: pytest.MonkeyPatch, source: str, reason: str
) -> None:
    with socket.create_server(("127.0.0.1", 0)) as proxy:
        proxy.setblocking(False)
        address = f"http://127.0.0.1:{proxy.getsockname()[1]}"
        for name in ("HTTPS_PROXY", "HTTP_PROXY", "ALL_PROXY", "https_proxy", "all_proxy"):
            monkeypatch.setenv(name, address)
        pool = Children(1)
        try:
            with pytest.raises(JobFailed, match=reason):
                await pool.run("tests.render.jobs:typst", source.encode())
        finally:
            await pool.close()
        # The daemon's own proxy, which the child must not know, was not called.
        with pytest.raises(BlockingIOError):
            proxy.accept()
