"""What was read can be written, and what was written reads back as the same bill."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

from hypothesis import HealthCheck, given, settings

from maild.model.bill import Attachment, Bill
from maild.ubl.describe import describe
from maild.ubl.document import look, read, write
from tests.strategies_bill import bills
from tests.ubl.conftest import Expected

thorough = settings(max_examples=200, suppress_health_check=list(HealthCheck))


@thorough
@given(bill=bills())
def test_reading_gives_back_what_was_written(bill: Bill) -> None:
    written = write(bill)
    again = read(written)
    assert again == bill
    assert write(again) == written


@settings(thorough, max_examples=50)
@given(bill=bills())
def test_a_bill_is_described_like_the_document_written_from_it(bill: Bill) -> None:
    assert describe(bill, file="a.xml") == describe(look(write(bill)), file="a.xml")


def test_every_valid_bill_of_the_corpus_survives_being_written_again(
    corpus: Callable[[str], bytes], whole_documents: list[Expected]
) -> None:
    changed = []
    tried = 0
    for one in whole_documents:
        if one["valid"] and one["root"] != "RequestForQuotation":
            tried += 1
            bill = _writable(read(corpus(one["file"])))
            if read(write(bill)) != bill:
                changed.append(one["file"])
    assert changed == []
    assert tried > 200


def _writable(bill: Bill) -> Bill:
    """The bill without the names of embedded files that have no bytes: UBL has no place for them."""
    return replace(bill, attachments=tuple(map(_without_name, bill.attachments)))


def _without_name(one: Attachment) -> Attachment:
    return one if one.content is not None else replace(one, name=None, media_type=None)
