"""Half a year of bills of the demo's companies: what they sold and bought, the oldest first.

The same days give the same bills: chance is seeded. Nothing is written or sent here.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, replace
from datetime import date, datetime, timedelta
from decimal import Decimal
from random import Random
from typing import Final

from maild.demo.world import COMPANIES, CUSTOMERS, SUPPLIERS, Company
from maild.model.bill import (
    Account,
    Bill,
    BillKind,
    Item,
    Line,
    PaymentMeans,
    Price,
    Reference,
    Tax,
    Totals,
)
from maild.model.money import Amount
from maild.model.party import Address, Identifier, Party
from maild.ubl import sums
from maild.ubl.dialects import PEPPOL_BIS_3, PEPPOL_PROCESS

DAYS: Final = 183
_STANDARD: Final = Tax("S", Decimal(21))
_PEPPOL_NUMBER: Final = "0208"  # EAS: the Belgian enterprise number


@dataclass(frozen=True, slots=True)
class Made:
    """A bill, and the company that it is of."""

    team: str
    bill: Bill


def half_a_year(until: date, *, days: int = DAYS) -> Iterator[Made]:
    """The bills of the `days` before `until`, in the order in which they came in."""
    chance = Random(2026)  # noqa: S311 - the demo should look the same each time
    before = [until - timedelta(days=back) for back in range(days, 0, -1)]
    working = [one for one in before if one.weekday() < 5]
    books = [_Books(company, days=len(working)) for company in COMPANIES]
    for at, day in enumerate(working):
        for one in books:
            yield from one.of_day(day, at, chance=chance)


def another(number: int, day: date, *, bought: bool, company: Company = COMPANIES[0]) -> Bill:
    """One more bill of a company, sold or bought; `number` makes it another one."""
    books, chance = _Books(company, days=0), Random(number)  # noqa: S311 - no secret
    if bought:
        return books.purchase(day, number, chance=chance)
    return replace(books.invoice(day, chance), number=f"{company.series}{number:03}")


def fresh_number(now: datetime) -> int:
    """A number for a supplier's bill that no other of this month has."""
    return 1000 + int(now.timestamp()) // 10 % 100_000


def corrected(bill: Bill) -> Bill:
    """The same number with other figures, which a person has to look at."""
    lines = tuple(
        replace(one, quantity=one.quantity * 2, net=sums.line_net(one.quantity * 2, one.price))
        if one.quantity and one.price
        else one
        for one in bill.lines
    )
    taxes = sums.breakdown(lines, (), currency=bill.currency)
    totals = sums.totals(lines, (), taxes, currency=bill.currency, known=Totals())
    return replace(bill, lines=lines, taxes=taxes, totals=totals)


class _Books:
    """The series of one company: three invoices in five days, with a hole where one got lost."""

    def __init__(self, company: Company, *, days: int) -> None:
        self._company = company
        self._sold = 0
        self._total = sum(1 for at in range(days) if at % 5 in {0, 2, 4})
        self._last = ""
        self._credited = 0
        self._offered = 0

    def of_day(self, day: date, at: int, *, chance: Random) -> Iterator[Made]:
        if at % 5 in {0, 2, 4}:
            self._sold += 1
            if self._total - self._sold != 11:  # the number that a bookkeeper would look for
                yield self._made(self.invoice(day, chance))
        if at % 23 == 7 and self._last:
            yield self._made(self._credit_note(day, chance))
        if at % 17 == 3:
            yield self._made(self._quote(day, chance))
        if at % 8 == 1:
            yield self._made(self.purchase(day, at, chance=chance))

    def _made(self, bill: Bill) -> Made:
        return Made(self._company.slug, bill)

    def invoice(self, day: date, chance: Random) -> Bill:
        number = self._company.last - self._total + self._sold
        self._last = f"{self._company.series}{number:03}"
        return _bill(
            self._last,
            day,
            seller=_company(self._company),
            buyer=_customer(chance),
            lines=self._lines(chance, most=4),
        )

    def _credit_note(self, day: date, chance: Random) -> Bill:
        self._credited += 1
        bill = _bill(
            f"CN-{self._company.slug[:2].upper()}-{self._credited:03}",
            day,
            seller=_company(self._company),
            buyer=_customer(chance),
            lines=self._lines(chance, most=1),
        )
        return replace(
            bill,
            kind=BillKind.CREDIT_NOTE,
            type_code="381",
            due_on=None,
            preceding=(Reference(self._last),),
        )

    def _quote(self, day: date, chance: Random) -> Bill:
        self._offered += 1
        bill = _bill(
            f"O2026-{self._offered:03}",
            day,
            seller=_company(self._company),
            buyer=_customer(chance),
            lines=self._lines(chance, most=3),
        )
        return replace(
            bill,
            kind=BillKind.QUOTE,
            type_code=None,
            due_on=None,
            valid_until=day + timedelta(days=30),
            customization=None,
            process=None,
            buyer_reference=None,
            payment_means=(),
        )

    def purchase(self, day: date, at: int, *, chance: Random) -> Bill:
        which = chance.randrange(len(SUPPLIERS))
        name, what, unit, price = SUPPLIERS[which]
        number = _enterprise(60_000_000 + 1_371 * which)
        address = Address(street="Nijverheidslaan 4", city="Brussel", postcode="1000", country="BE")
        lines = (_line(1, what, unit=unit, price=price, quantity=chance.randint(1, 3)),)
        return _bill(
            f"VF-{day:%y%m}-{at:03}{self._company.slug[0].upper()}",
            day,
            seller=_party(name, number, address=address),
            buyer=_company(self._company),
            lines=lines,
        )

    def _lines(self, chance: Random, *, most: int) -> tuple[Line, ...]:
        wanted = chance.sample(
            self._company.sells, k=min(most, chance.randint(1, most), len(self._company.sells))
        )
        return tuple(
            _line(at, what, unit=unit, price=price, quantity=chance.randint(1, 24))
            for at, (what, unit, price) in enumerate(wanted, 1)
        )


def _bill(number: str, day: date, *, seller: Party, buyer: Party, lines: tuple[Line, ...]) -> Bill:
    account = Account(_iban(int((seller.vat or "BE1")[2:])), seller.name)
    taxes = sums.breakdown(lines, (), currency="EUR")
    return Bill(
        kind=BillKind.INVOICE,
        number=number,
        issued_on=day,
        due_on=day + timedelta(days=30),
        type_code="380",
        currency="EUR",
        customization=PEPPOL_BIS_3,
        process=PEPPOL_PROCESS,
        buyer_reference=f"PO-{day:%m%d}",
        seller=seller,
        buyer=buyer,
        lines=lines,
        taxes=taxes,
        totals=sums.totals(lines, (), taxes, currency="EUR", known=Totals()),
        payment_means=(PaymentMeans(code="30", remittance=number, account=account),),
    )


def _line(at: int, what: str, *, unit: str, price: str, quantity: int) -> Line:
    amount = Price(net=Amount(Decimal(price), "EUR"))
    net = sums.line_net(Decimal(quantity), amount)
    return Line(str(at), Decimal(quantity), unit, net, Item(name=what), amount, _STANDARD)


def _company(one: Company) -> Party:
    address = Address(street=one.street, city=one.city, postcode=one.postcode, country="BE")
    return _party(one.name, one.number, address=address)


def _customer(chance: Random) -> Party:
    which = chance.randrange(len(CUSTOMERS))
    name, street, city, postcode = CUSTOMERS[which]
    address = Address(street=street, city=city, postcode=postcode, country="BE")
    return _party(name, _enterprise(40_000_000 + 7_919 * which), address=address)


def _party(name: str, number: str, *, address: Address) -> Party:
    who = Identifier(number, _PEPPOL_NUMBER)
    return Party(name=name, legal_id=who, vat=f"BE{number}", endpoint=who, address=address)


def _enterprise(first_eight: int) -> str:
    """The Belgian enterprise number with these first eight digits: 97 less their remainder follows."""
    return f"{first_eight:08d}{97 - first_eight % 97:02d}"


def _iban(number: int) -> str:
    """The IBAN of a made-up account: both check digits are right (ISO 13616)."""
    own = f"{number % 10**10:010d}"
    own += f"{int(own) % 97 or 97:02d}"
    return f"BE{98 - int(own + '111400') % 97:02d}{own}"
