"""A bill that came in another syntax, as the UBL that every accounting program reads.

What is written claims EN 16931 and no more, and is only written when it keeps what we ask of bills
of our own: an accountant is better served by the original alone than by a UBL that misleads.
"""

from __future__ import annotations

from dataclasses import replace
from typing import Final

from maild.model.bill import Bill
from maild.model.party import Party
from maild.ubl.check import check, is_warning
from maild.ubl.document import write
from maild.ubl.needs import needs

EN16931: Final = "urn:cen.eu:en16931:2017"  # BT-24, EN 16931-3-2
_NOT_DEFINED: Final = "1"  # UNCL4461


def as_ubl(bill: Bill) -> bytes | None:
    """The bill as UBL 2.1 of EN 16931; None when it lacks what that needs."""
    means = tuple(replace(one, code=one.code or _NOT_DEFINED) for one in bill.payment_means)
    plain = replace(
        bill,
        customization=EN16931,
        process=None,
        payment_means=means,
        buyer=_with_one_identifier(bill.buyer),
        payee=bill.payee and _with_one_identifier(bill.payee),
    )
    faults = [one for one in (*needs(plain), *check(plain)) if not is_warning(one)]
    return None if faults else write(plain)


def _with_one_identifier(party: Party) -> Party:
    """UBL has room for one of a buyer or payee (UBL-SR-16, UBL-SR-20): the one with a scheme, if any."""
    return replace(party, identifiers=party.identifiers[:1])
