"""The mapping of a Belgian team that the tests book with, and its bills as documents."""

from __future__ import annotations

import tomllib
from dataclasses import replace
from decimal import Decimal
from typing import Any

from maild.connectors.exact_booking import Booking
from maild.connectors.exact_entry import booking_of
from maild.errors import KeyProblem
from maild.model.bill import Bill
from maild.model.document import Direction, Document, kind_of
from maild.model.exact import ExactMapping
from maild.model.team import Team
from maild.rules.schema_exact import read_exact
from maild.rules.table import Table
from tests.builders_rules import a_document, a_team

# The codes are those of the first company of the stand-in (simulators/exact/sample.toml).
MAPPING = """
rounding_account = "657000"
payment_conditions = { "30" = "30", "0" = "00" }

[sales]
journal = "70"
credit_note_journal = "71"
account = "700000"
[sales.vat]
"S 21" = "1"
"S 12" = "2"
"S 6" = "3"
"S 5.5" = "3"
"Z" = "0"
"E" = "VR"
"AE domestic" = "CC"
"AE" = "ICD"
"K" = "ICG"
"G" = "EX"
"O" = "N"
[sales.accounts]
"S 6" = "700006"
[sales.items]
"UUR*" = "704000"
[sales.cost_centers]
"UUR*" = "VKP"

[purchases]
journal = "60"
account = "612000"
[purchases.vat]
"S 21" = "P1"
"S 6" = "P3"
"AE domestic" = "PC"
"AE eu" = "PID"
"K" = "PIG"
"Z" = "P0"
[purchases.partners]
"BE0123456749" = "604000"
"""


def read(text: str) -> tuple[ExactMapping | None, list[KeyProblem]]:
    problems: list[KeyProblem] = []
    return read_exact(Table("team.acme", {"exact": tomllib.loads(text)}, problems)), problems


def team_of(text: str = MAPPING, **other: Any) -> Team:
    mapping, problems = read(text)
    assert problems == []
    return a_team(exact=mapping, **{"vat": ("BE0123456749",), **other})


def a_sale(bill: Bill, direction: Direction = Direction.SALES) -> Document:
    plain = a_document(kind_of(bill.kind, direction), bill=bill, direction=direction)
    return replace(plain, number=bill.number)


def booked(bill: Bill, text: str = MAPPING, *, direction: Direction = Direction.SALES) -> Booking:
    return booking_of(team_of(text), a_sale(bill, direction))


def money(value: object) -> Decimal:
    return Decimal(str(value))
