"""The connector at the stand-in of Exact Online, its store, and a clock that both share."""

from __future__ import annotations

import asyncio
import contextlib
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from maild.connectors.exact import ExactConnector
from maild.connectors.exact_api import ExactApi, ExactOptions
from maild.connectors.exact_booking import Booking, EntryLine, Partner
from maild.connectors.oauth import OAuthTokens
from maild.connectors.oauth_consent import ask_by_page, redeem_page
from maild.connectors.oauth_providers import Account, account_at
from maild.model.delivery import Consignment, Parcel
from maild.model.document import Kind
from maild.simulators.exact.server import ExactOnline
from maild.store.database import Database
from maild.store.ledger import StoredLedger
from maild.store.tokens import SealedTokens
from tests.connectors.conftest import Crossing
from tests.connectors.goods import a_relay_parcel, goods

START = datetime(2026, 11, 24, 9, 0, 5, tzinfo=UTC)
NAME = "acme-exact"
USER = "an@kantoor.example"


def booked(consignment: Consignment) -> Booking:
    """A plain mapping: everything at 21 %, on one account."""
    bill = consignment.document.bill
    assert bill is not None
    assert bill.totals.net is not None
    assert bill.totals.gross is not None
    assert bill.totals.tax is not None
    kind = consignment.document.kind
    credit = kind in {Kind.CREDIT_NOTE, Kind.PURCHASE_CREDIT_NOTE}
    purchase = kind in {Kind.PURCHASE_INVOICE, Kind.PURCHASE_CREDIT_NOTE}
    sign = Decimal(-1 if credit else 1)
    other = bill.seller if purchase else bill.buyer
    name = other.name or "?"
    net, tax = sign * bill.totals.net.value, sign * bill.totals.tax.value
    line = {
        "AmountFC": str(net),
        "VATAmountFC": str(tax),
        "VATCode": "P1" if purchase else "1",
        "Description": "Werk",
    }
    values = {"Name": name} | ({"VATNumber": other.vat} if other.vat else {})
    return Booking(
        purchase=purchase,
        journal="60" if purchase else "70",
        reference=bill.number,
        booked_on=bill.issued_on,
        total=sign * bill.totals.gross.value,
        partner=Partner(name, vat=other.vat or "", values=values),
        lines=(EntryLine("604000" if purchase else "700000", line),),
        values={"Currency": bill.currency, "Description": f"{name} {bill.number}"},
        subject=f"{name} {bill.number}",
        document_type=20 if purchase else 10,
    )


@dataclass
class ExactBench:
    """What a test of Exact works with. `skew` is how far our clock is ahead of theirs."""

    server: ExactOnline
    db: Database
    folder: Path
    skew: timedelta = timedelta(0)
    waited: list[float] = field(default_factory=list)
    changes: dict[str, Any] = field(default_factory=dict)  # of each booking
    made: list[ExactConnector] = field(default_factory=list)

    def now(self) -> datetime:
        return self.server.clock.now() + self.skew

    def advance(self, by: timedelta) -> None:
        self.server.clock.advance(by.total_seconds())

    async def pause(self, seconds: float) -> None:
        self.waited.append(seconds)
        self.advance(timedelta(seconds=seconds))
        await asyncio.sleep(0)

    @property
    def account(self) -> Account:
        secret = self.folder / "exact.secret"
        secret.write_text(self.server.client.secret, encoding="utf-8")
        return account_at(
            provider="exact",
            name=NAME,
            team="acme",
            address=USER,
            site=self.server.url,
            client_id=self.server.client.id,
            client_secret_file=secret,
            redirect_uri=self.server.client.redirect_uri,
        )

    def store(self) -> SealedTokens:
        return SealedTokens(self.db, secret_file=self.folder / "maild.secret", now=self.now)

    def tokens(self) -> OAuthTokens:
        """The tokens as another process has them."""
        ledger = StoredLedger(self.db, now=self.now)
        return OAuthTokens({NAME: self.account}, store=self.store(), now=self.now, ledger=ledger)

    async def consent(self) -> None:
        """A person says yes, and pastes the address back."""
        question = ask_by_page(self.account)
        pasted = self.server.approve(question.address, user=USER)
        token = await redeem_page(self.account, question, pasted=pasted, now=self.now)
        await self.store().save(NAME, token)

    def api(self) -> ExactApi:
        """The interface as another process has it."""
        return ExactApi(
            ExactOptions("exact", self.account, self.server.url),
            tokens=self.tokens(),
            ledger=StoredLedger(self.db, now=self.now),
            now=self.now,
            pause=self.pause,
        )

    @property
    def connector(self) -> ExactConnector:
        one = ExactConnector(
            self.api(), booking=lambda goods: replace(booked(goods), **self.changes), now=self.now
        )
        self.made.append(one)
        return one

    async def close(self) -> None:
        for one in self.made:
            await one.close()

    @property
    def division(self) -> str:
        return str(self.server.division)

    def parcel(self, number: str, kind: Kind = Kind.INVOICE, **changes: Any) -> Parcel:
        return a_relay_parcel(goods(number, kind, **changes), address=self.division)

    def there(self) -> list[str]:
        entries = [
            *self.server.rows("salesentry/SalesEntries"),
            *self.server.rows("purchaseentry/PurchaseEntries"),
        ]
        return [str(row["YourRef"]) for row in entries]

    def files(self) -> list[tuple[str, str]]:
        """Every attached file with the reference of the entry whose document has it."""
        entries = {row["EntryID"]: row for row in self.server.rows("salesentry/SalesEntries")}
        documents = {row["ID"]: row for row in self.server.rows("documents/Documents")}
        return sorted(
            (
                entries[documents[row["Document"]]["FinancialTransactionEntryID"]]["YourRef"],
                row["FileName"],
            )
            for row in self.server.rows("documents/DocumentAttachments")
        )

    def calls(self) -> list[str]:
        """What was asked, less the tokens."""
        return [one.call for one in self.server.journal if "oauth2" not in one.call]

    async def deliver(self, parcel: Parcel) -> str:
        """One try, by a connector of its own."""
        connector = self.connector
        try:
            return await connector.deliver(parcel, point_of_no_return=Crossing())
        finally:
            await connector.close()

    async def cut(self, parcel: Parcel, *, step: int) -> bool:
        """Be killed while the answer to the nth call is on its way; False when there are fewer."""
        before = len(self.server.journal)
        self.server.faults.plan("*", "slow", skip=step - 1, seconds=60)
        work = asyncio.create_task(self.deliver(parcel))
        while len(self.server.journal) < before + step and not work.done():
            await asyncio.sleep(0.002)
        self.server.faults.clear()
        if work.done():
            await work
            return False
        work.cancel()
        with contextlib.suppress(asyncio.CancelledError):
            await work
        return True

    async def go_away(self) -> None:
        await asyncio.to_thread(self.server.stop)
