from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from decimal import Decimal

import pytest
from sqlalchemy import exc

from maild.errors import NotFound
from maild.model.delivery import State, Trace
from maild.model.document import Counterparty, Document, Kind, Role
from maild.model.money import Amount
from maild.store import documents
from maild.store.database import Tx
from tests.store.builders import (
    NOW,
    a_document,
    a_file,
    an_arrival,
    stored_delivery,
    stored_document,
)


def ids(found: tuple[Document, ...]) -> list[str]:
    return [one.id for one in found]


def test_a_document_comes_back_as_it_was_stored(tx: Tx) -> None:
    stored = stored_document(
        tx,
        total=Amount(Decimal("-0.10"), "EUR"),
        files=(a_file(), a_file(Role.PDF, name="é 1.pdf", made=True), a_file(Role.ATTACHMENT)),
        correction_of="d-0",
        review="waiting",
    )
    assert documents.get(tx, stored.id) == stored


def test_a_document_without_figures_comes_back_as_it_was_stored(tx: Tx) -> None:
    stored = stored_document(
        tx,
        kind=Kind.OTHER,
        number=None,
        issued_on=None,
        counterparty=Counterparty(),
        total=None,
        files=(),
        direction=None,
        language=None,
        tags=frozenset(),
        sender=None,
    )
    assert documents.get(tx, stored.id) == stored


def test_what_the_rules_said_is_kept_with_the_document(tx: Tx) -> None:
    stored = stored_document(tx)
    assert documents.trace_of(tx, stored.id) == (
        Trace("to the accountant", hit=True, reason="kind is invoice"),
    )
    assert documents.warnings_of(tx, stored.id) == ("odd",)


@pytest.mark.parametrize(
    "ask", [documents.get, documents.trace_of, documents.warnings_of], ids=lambda fn: fn.__name__
)
def test_an_unknown_document_is_named(tx: Tx, ask: object) -> None:
    assert callable(ask)
    with pytest.raises(NotFound, match='"d-x"'):
        ask(tx, id="d-x")


def test_the_same_content_is_found_in_its_own_team_only(tx: Tx) -> None:
    stored = stored_document(tx)
    assert documents.same_content(tx, "acme", stored.content_sha256) == stored
    assert documents.same_content(tx, "other", stored.content_sha256) is None


def test_the_same_content_cannot_be_stored_twice_for_a_team(tx: Tx) -> None:
    stored = stored_document(tx)
    with pytest.raises(exc.IntegrityError):
        stored_document(tx, content_sha256=stored.content_sha256)


def test_two_teams_may_have_the_same_content(tx: Tx) -> None:
    stored = stored_document(tx)
    other = stored_document(tx, team="other", content_sha256=stored.content_sha256)
    assert documents.get(tx, other.id) == other


def test_a_document_without_its_arrival_is_refused(tx: Tx) -> None:
    with pytest.raises(exc.IntegrityError):
        documents.add_document(
            tx, a_document(arrival="a-x"), trace=(), warnings=(), same_number_key=None
        )


def test_the_same_number_finds_all_but_the_rejected(tx: Tx) -> None:
    first = stored_document(tx, key="invoice|BE1|1|2026")
    second = stored_document(tx, key="invoice|BE1|1|2026", review="waiting")
    stored_document(tx, key="invoice|BE1|1|2026", review="rejected")
    stored_document(tx, key="invoice|BE1|2|2026")
    stored_document(tx, key="invoice|BE1|1|2026", team="other")
    assert documents.same_number(tx, "acme", "invoice|BE1|1|2026") == (first, second)


def test_a_rendered_file_is_added_once(tx: Tx) -> None:
    stored = stored_document(tx)
    pdf = a_file(Role.PDF, name="invoice.pdf", sha256="2" * 64, made=True)
    documents.add_file(tx, stored.id, pdf)
    documents.add_file(tx, stored.id, pdf)
    assert documents.get(tx, stored.id) == replace(stored, files=(*stored.files, pdf))


def test_two_attachments_with_one_content_keep_both_names(tx: Tx) -> None:
    pair = (a_file(Role.ATTACHMENT, name="a.txt"), a_file(Role.ATTACHMENT, name="b.txt"))
    assert documents.get(tx, stored_document(tx, files=pair).id).files == pair


def test_a_repeated_arrival_is_linked_and_told(tx: Tx) -> None:
    stored = stored_document(tx)
    again = an_arrival(door="folder", received_at=NOW + timedelta(hours=1))
    documents.repeat_arrival(tx, stored.id, again)
    documents.repeat_arrival(tx, stored.id, again)
    first, second = documents.arrivals_of(tx, stored.id)
    assert (first.id, second) == (stored.arrival, again)
    told = documents.events_of(tx, stored.id)[0]
    assert told.event == "arrival.repeated"
    assert again.id in told.detail


def test_an_arrival_comes_back_as_it_was_stored(tx: Tx) -> None:
    arrival = an_arrival(sender=None, recipient=None, subject=None, message_id=None, peer=None)
    documents.add_arrival(tx, arrival)
    assert documents.get_arrival(tx, arrival.id) == arrival
    with pytest.raises(NotFound, match="a-x"):
        documents.get_arrival(tx, "a-x")


def test_events_are_told_in_the_order_of_their_time(tx: Tx) -> None:
    stored = stored_document(tx)
    for minutes, name in ((2, "late"), (1, "early")):
        at = NOW + timedelta(minutes=minutes)
        documents.add_event(tx, at=at, event=name, team="acme", document=stored.id, actor="an")
    early, late = documents.events_of(tx, stored.id)
    assert (early.event, late.event, early.actor) == ("early", "late", "an")


def test_a_review_is_set_and_an_unknown_document_is_named(tx: Tx) -> None:
    stored = stored_document(tx)
    documents.set_review(tx, stored.id, "confirmed")
    assert documents.get(tx, stored.id).review == "confirmed"
    with pytest.raises(NotFound):
        documents.set_review(tx, "d-x", "confirmed")


def test_pages_follow_one_another_newest_first_without_gap_or_double(tx: Tx) -> None:
    stored = [stored_document(tx).id for _ in range(7)]
    pages: list[list[str]] = []
    after = None
    while page := ids(documents.find(tx, team="acme", after=after, limit=3)):
        pages.append(page)
        after = page[-1]
    assert [len(page) for page in pages] == [3, 3, 1]
    assert [one for page in pages for one in page] == stored[::-1]


def test_each_filter_leaves_what_fits(tx: Tx) -> None:
    invoice = stored_document(tx, number="F-100%", counterparty=Counterparty("Café Élan", "BE1"))
    quote = stored_document(
        tx,
        kind=Kind.QUOTE,
        number="Q_7",
        counterparty=Counterparty("Zwart & Zn", "NL123B01"),
        accepted_at=NOW + timedelta(days=1),
        review="waiting",
    )
    other = stored_document(tx, team="other", number="F1007", counterparty=Counterparty())
    stored_delivery(tx, quote, state=State.HELD)
    stored_delivery(tx, invoice)
    stored_delivery(tx)  # a notice has no document
    assert ids(documents.find(tx)) == [other.id, quote.id, invoice.id]
    assert ids(documents.find(tx, team="other")) == [other.id]
    assert ids(documents.find(tx, kind="quote")) == [quote.id]
    assert ids(documents.find(tx, number="f-10")) == [invoice.id]
    assert ids(documents.find(tx, party="CAFÉ É")) == [invoice.id]
    assert ids(documents.find(tx, party="nl123b")) == [quote.id]
    assert ids(documents.find(tx, state="held")) == [quote.id]
    assert ids(documents.find(tx, state="queued")) == [invoice.id]
    assert ids(documents.find(tx, since=NOW + timedelta(hours=1))) == [quote.id]
    assert ids(documents.find(tx, review="waiting")) == [quote.id]
    assert ids(documents.find(tx, team="acme", kind="quote", number="F")) == []


def test_the_same_number_is_looked_up_in_its_own_index(tx: Tx) -> None:
    words = documents._SAME_NUMBER.words(tx)
    plan = tx.exec_driver_sql(f"EXPLAIN QUERY PLAN {words}", ("",) * words.count("?")).all()
    assert len(plan) == 1
    assert "INDEX ix_documents_same_number (team=? AND same_number_key=?)" in plan[0][3]


def test_documents_are_counted_for_a_status(tx: Tx) -> None:
    stored_document(tx)
    stored_document(tx, review="waiting")
    stored_document(tx, team="other", review="waiting")
    assert documents.count(tx) == 3
    assert documents.count(tx, team="acme") == 2
    assert documents.count(tx, team="acme", review="waiting") == 1


def test_percent_and_underscore_in_a_search_stand_for_themselves(tx: Tx) -> None:
    percent = stored_document(tx, number="100%")
    under = stored_document(tx, number="1_0")
    stored_document(tx, number="1000")
    assert ids(documents.find(tx, number="0%")) == [percent.id]
    assert ids(documents.find(tx, number="1_0")) == [under.id]
