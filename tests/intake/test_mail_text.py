"""A mail that is itself a purchase: its text is read as a page is, and its own headers are left out."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from email.message import EmailMessage
from functools import partial

import pytest

from maild.intake.confirming import Confirming
from maild.intake.filing import Filed
from maild.model.delivery import HoldCode
from maild.model.document import Role
from maild.model.money import Amount
from maild.model.team import Team
from maild.store import documents, readings
from tests.intake.conftest import World, a_team

TEAM = a_team(mail_text=True)


def a_shop_mail(
    number: str, on: str | None = "13/01/2026", *, net: int = 100, sent: int = 14, subject: str = ""
) -> bytes:
    """A mail of a shop: the invoice is its HTML. `sent` is the day of January 2026."""
    mail = EmailMessage()
    mail["From"], mail["Subject"] = "shop@a.example", subject or "Your order of 02/01/2026"
    mail["Date"] = f"Wed, {sent} Jan 2026 10:00:00 +0100"
    mail.set_content("see the HTML")
    vat = net * 21 / 100
    head = [("Factuurnummer", number), ("Factuurdatum", on)] if on else [("Factuurnummer", number)]
    rows = [
        ("Werk", net),
        ("Totaal excl. btw", net),
        ("BTW 21%", vat),
        ("Totaal incl. btw", net + vat),
    ]
    told = "".join(f"<tr><td>{name}</td><td>{value}</td></tr>" for name, value in head)
    sums = "".join(
        f"<tr><td>{name}</td><td>€ {value:.2f}</td></tr>".replace(".", ",") for name, value in rows
    )
    sums = sums.replace("excl,", "excl.").replace("incl,", "incl.")
    who = "Atelier Noord BV<br>BTW BE0900000147 IBAN BE71 0961 2345 6769"
    mail.add_alternative(
        f"<h2>Factuur</h2><table>{told}</table><p>{who}</p><table>{sums}</table>", subtype="html"
    )
    return bytes(mail)


async def came(world: World, raw: bytes) -> Filed:
    [filed] = (await world.desk.accept(world.submission(raw, tag="purchase"))).filed
    return filed


async def confirm(world: World, filed: Filed, **said: str) -> None:
    desk = world.desk
    confirming = Confirming(desk.db, desk.blobs, desk.opener.sandbox, desk.now)
    stored = await world.db.read(partial(documents.get, id=filed.document.id))
    await confirming.confirm(stored, world.teams[0], said=said)


async def states(world: World, filed: Filed) -> set[tuple[str, HoldCode | None]]:
    found = await world.deliveries(document=filed.document.id)
    return {(one.state.value, one.hold_code) for one in found}


async def test_the_text_of_a_purchase_is_read_and_waits_with_its_figures(world: World) -> None:
    world.teams[0] = TEAM
    filed = await came(world, a_shop_mail("2026-001"))
    assert await states(world, filed) == {("held", HoldCode.FIGURES)}
    found = await world.db.read(partial(readings.of_document, document=filed.document.id))
    assert found is not None
    shown = {key: (one["value"], one["verdict"]) for key, one in found.figures.items()}
    assert shown["invoice_number"] == ("2026-001", "likely")
    assert shown["issue_date"] == ("2026-01-13", "likely")
    assert shown["gross_total"] == ("121.00", "proven")
    assert shown["iban"] == (["BE71096123456769"], "proven")


async def test_once_one_was_confirmed_the_next_goes_on_with_its_figures(world: World) -> None:
    world.teams[0] = TEAM
    await confirm(world, await came(world, a_shop_mail("2026-001")))
    # Its subject is longer and it was sent another day: none of that is of the invoice.
    later = a_shop_mail("2026-002", "28/01/2026", net=250, sent=30, subject="Re: order " * 30)
    filed = await came(world, later)
    assert await states(world, filed) == {("queued", None)}
    document = filed.document
    assert (document.number, document.issued_on) == ("2026-002", date(2026, 1, 28))
    assert document.total == Amount(Decimal("302.50"), "EUR")
    assert [one.role for one in document.files] == [Role.PDF, Role.UBL]


async def test_the_day_of_the_mail_is_never_that_of_the_invoice(world: World) -> None:
    world.teams[0] = TEAM
    filed = await came(world, a_shop_mail("2026-001", None))
    found = await world.db.read(partial(readings.of_document, document=filed.document.id))
    assert found is not None
    assert found.figures["issue_date"]["value"] is None
    # Also not where a person said that it was so once: the next may have been passed on since.
    await confirm(world, filed, issue_date="2026-01-14")
    filed = await came(world, a_shop_mail("2026-002", None, sent=21))
    assert await states(world, filed) == {("held", HoldCode.FIGURES)}


@pytest.mark.parametrize("team", [a_team(mail_text=True, reads_pages=False)])
async def test_a_team_whose_pages_are_not_read_gets_the_text_as_it_is(
    world: World, team: Team
) -> None:
    world.teams[0] = team
    filed = await came(world, a_shop_mail("2026-001"))
    assert await states(world, filed) == {("queued", None)}
    assert filed.document.total is None
