"""PDFs and photos of strangers, by SMTP to a running daemon, and what leaves for them."""

from __future__ import annotations

import io

from PIL import Image

from tests import builders_pdf as make
from tests.builders_cii import a_cii
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, PEOPLE, PERSON, UNREAD, House
from tests.spine.post import a_mail, files_of, text_of
from tests.spine.sinks import Sink

PURCHASES = "acme+purchase@post.example"


def a_hybrid(number: str, *, total: str = "121,00") -> bytes:
    rows = (f"Invoice {number} of Acme BV", "to be paid within thirty days", f"Total {total} EUR")
    return make.a_pdf(rows, files={"factur-x.xml": a_cii(number=number)})


def test_a_pdf_with_its_figures_inside_is_all_that_an_invoice_needs(
    run: Running, house: House, sink: Sink
) -> None:
    daemon, pdf = run(PEOPLE), a_hybrid("H-1")
    assert daemon.hand_in(a_mail(("scan.pdf", pdf))).code == 250
    files = files_of(sink.wait_for(BOOKS)[0])
    assert files["factuur-H-1.pdf"] == pdf
    assert str(papers.read(files["factuur-H-1.xml"]).totals.gross) == "121.00 EUR"
    # One that lies is kept back, with the reason, until a person lets it go as it came.
    lie = a_hybrid("H-2", total="999,00")
    assert daemon.hand_in(a_mail(("scan.pdf", lie))).code == 250
    held = house.queue("--state", "held")
    assert {one["hold_code"] for one in held} == {"untrusted"}
    assert "a total of 121.00 EUR, which the pages do not show" in held[0]["reason"]
    [told] = sink.wait_for(PERSON)
    assert f"maild review confirm {held[0]['document']}" in text_of(told)
    to_accountant = next(one for one in held if one["address"] == ACCOUNTANT)
    house.maild("queue", "release", to_accountant["id"])
    assert list(files_of(sink.wait_for(ACCOUNTANT, count=2)[1]).values()) == [lie]


def test_a_photo_leaves_as_a_pdf_and_a_bomb_does_not_leave(
    run: Running, house: House, sink: Sink
) -> None:
    out = io.BytesIO()
    Image.new("RGB", (900, 1200), "white").save(out, "JPEG")
    daemon = run(UNREAD)
    bomb = make.flate_over_flate(100 << 20)
    mail = a_mail(("2026-99.pdf", bomb), to=PURCHASES)
    assert daemon.hand_in(mail).code == 250
    photo = a_mail(("IMG_2026-98.jpg", out.getvalue()), to=PURCHASES)
    assert daemon.hand_in(photo).code == 250
    [received] = sink.wait_for(ACCOUNTANT)
    [(name, content)] = files_of(received).items()
    assert name.endswith(".pdf")
    assert content.startswith(b"%PDF-")
    [held] = house.queue("--state", "held")
    assert (held["hold_code"], held["document"]) == ("unopened", house.document("2026-99")["id"])
