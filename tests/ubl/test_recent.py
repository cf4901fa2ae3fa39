"""The last UBL documents that were read are at hand, and never more of them than there is room for."""

from __future__ import annotations

from maild.ubl.recent import Known, RecentBills
from tests.builders_bill import a_bill

BILL = a_bill()


def test_what_was_kept_is_found_again_and_nothing_else() -> None:
    recent, known = RecentBills(), Known(b"<Invoice/>", BILL)
    recent.keep("1" * 64, known)
    assert recent.find("1" * 64) is known
    assert recent.find("2" * 64) is None


def test_the_one_that_nobody_asked_for_goes_first_when_the_room_is_full() -> None:
    recent = RecentBills(room=30)
    for key in ("old", "asked", "young"):
        recent.keep(key, Known(b"x" * 10, BILL))
    recent.find("old")
    recent.keep("new", Known(b"x" * 10, BILL))
    here = [key for key in ("old", "asked", "young", "new") if recent.find(key)]
    assert here == ["old", "young", "new"]


def test_a_large_one_does_not_drive_out_the_others() -> None:
    recent = RecentBills()
    recent.keep("small", Known(b"x", BILL))
    recent.keep("large", Known(b"x" * (2 << 20), BILL))
    assert recent.find("small") is not None
    assert recent.find("large") is None


def test_keeping_one_twice_takes_its_room_once() -> None:
    recent = RecentBills(room=25)
    recent.keep("first", Known(b"x" * 10, BILL))
    for _ in range(5):
        recent.keep("second", Known(b"x" * 10, BILL))
    assert recent.find("first") is not None
