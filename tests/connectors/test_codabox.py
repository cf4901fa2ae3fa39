"""The connector to CodaBox, against its stand-in with every switch both ways."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from pathlib import Path

import pytest

from maild.config.http_map import HttpSend
from maild.errors import (
    ConsentNeeded,
    Doubtful,
    ProfileMismatch,
    Refused,
    RoadClosed,
    Unavailable,
)
from maild.model.delivery import State
from maild.model.document import Kind, Role
from maild.simulators.codabox.server import CodaBox
from maild.simulators.codabox.world import Fault
from maild.store.database import Database
from tests.connectors import relay_contract
from tests.connectors.codabox_bench import NUMBER, SEND, CodaboxBench, dated
from tests.connectors.conftest import Crossing
from tests.connectors.goods import THE_PDF, a_relay_parcel, goods


@pytest.fixture
async def bench(tmp_path: Path) -> AsyncIterator[CodaboxBench]:
    """CodaBox with one team that is connected."""
    db = await Database.open(tmp_path / "maild.db")
    box = CodaBox()
    box.start()
    one = CodaboxBench(box, db, tmp_path)
    await one.connect()
    yield one
    box.stop()
    await db.close()


class TestCodabox(relay_contract.RelayContract):
    """The contract."""


async def handed_over(bench: CodaboxBench, number: str) -> str:
    return await bench.connector.deliver(bench.parcel(number), point_of_no_return=Crossing())


async def test_an_invoice_goes_with_its_ubl_and_its_pdf_as_the_table_says(
    bench: CodaboxBench,
) -> None:
    reply = await handed_over(bench, "2026-1")
    [taken] = bench.box.world.company(NUMBER).invoices
    assert reply == f"201 as {taken.id} state delivered"
    assert taken.pdf == THE_PDF
    ubl = goods("2026-1").file(Role.UBL)
    assert ubl is not None
    assert taken.ubl == ubl.content
    assert bench.box.world.offences == []


async def test_a_credit_note_goes_as_one(bench: CodaboxBench) -> None:
    parcel = a_relay_parcel(goods("CN-1", Kind.CREDIT_NOTE), address=NUMBER)
    await bench.connector.deliver(parcel, point_of_no_return=Crossing())
    assert [one.root for one in bench.box.world.company(NUMBER).invoices] == ["CreditNote"]


async def test_nothing_is_sent_while_the_call_is_not_known(bench: CodaboxBench) -> None:
    bench.send = HttpSend()
    with pytest.raises(ProfileMismatch, match=r"send.path is empty.*Ask api@codabox.com"):
        await handed_over(bench, "1")
    assert bench.box.world.calls == []


async def test_a_refusal_is_told_once_in_codaboxs_own_words(bench: CodaboxBench) -> None:
    bench.send = replace_parts(SEND)
    with pytest.raises(Refused, match=r"^400 The PDF is missing\.$"):
        await handed_over(bench, "1")
    assert len(bench.box.world.calls) == 1


def replace_parts(send: HttpSend) -> HttpSend:
    """The same without the PDF."""
    return send.model_copy(update={"parts": send.parts[:1]})


@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (Fault.CUT_BEFORE, Doubtful),
        (Fault.CUT_AFTER, Doubtful),
        (Fault.HALF, Doubtful),
        (Fault.TRUNCATED, Doubtful),
        (Fault.HTML_500, Doubtful),
        (Fault.HTML_200, Unavailable),
        (Fault.BUSY_503, Unavailable),
        (Fault.WRONG_TYPE, Unavailable),
    ],
)
async def test_each_broken_answer_is_the_fault_that_it_is(
    bench: CodaboxBench, fault: Fault, kind: type[Exception]
) -> None:
    bench.box.world.faults[1] = fault
    with pytest.raises(kind):
        await handed_over(bench, "1")


# --- the consent


async def test_a_consent_that_was_revoked_closes_the_road_and_is_asked_for_once(
    bench: CodaboxBench,
) -> None:
    bench.box.world.company(NUMBER).revoked = True
    for _ in range(5):
        with pytest.raises(RoadClosed, match=r"has revoked.*`maild connect codabox acme`"):
            await handed_over(bench, "1")
    assert len(bench.box.world.calls) == 1
    assert bench.box.world.offences == []
    with pytest.raises(ConsentNeeded, match="maild connect codabox acme"):
        await bench.connector.check()
    bench.box.world.company(NUMBER).revoked = False
    await bench.connect()
    assert await handed_over(bench, "1")


async def test_a_team_that_was_never_connected_is_told_what_to_do(bench: CodaboxBench) -> None:
    parcel = bench.parcel("1")
    assert parcel.consignment
    other = replace(parcel.consignment.team, slug="other")
    parcel = replace(parcel, consignment=replace(parcel.consignment, team=other))
    with pytest.raises(RoadClosed, match="other is not connected to CodaBox: `maild connect"):
        await bench.connector.deliver(parcel, point_of_no_return=Crossing())
    assert bench.box.world.calls == []


async def test_a_software_company_that_is_not_known_is_said(bench: CodaboxBench) -> None:
    connector = bench.connector
    bench.box.world.software = "another"
    with pytest.raises(RoadClosed, match="Unknown software company"):
        await connector.deliver(bench.parcel("1"), point_of_no_return=Crossing())


# --- once, and by date


async def test_an_older_invoice_that_waits_goes_first(bench: CodaboxBench) -> None:
    older = await bench.stored(dated("7", "2026-02-27"))
    newer = a_relay_parcel(dated("8", "2026-03-01"), address=NUMBER)
    with pytest.raises(RoadClosed, match=rf"1 document of an earlier day .* 7 \({older}, queued\)"):
        await bench.connector.deliver(newer, point_of_no_return=Crossing())
    first = a_relay_parcel(dated("7", "2026-02-27"), address=NUMBER)
    assert await bench.connector.deliver(first, point_of_no_return=Crossing())


@pytest.mark.parametrize("state", [State.HELD, State.QUEUED, State.UNCERTAIN, State.SENDING])
async def test_the_first_of_a_year_waits_for_all_of_the_year_before(
    bench: CodaboxBench, state: State
) -> None:
    last = await bench.stored(dated("2025-99", "2025-12-31"), state=state)
    first = a_relay_parcel(dated("2026-1", "2026-01-02"), address=NUMBER)
    with pytest.raises(RoadClosed) as closed:
        await bench.connector.deliver(first, point_of_no_return=Crossing())
    said = re.escape(f"2025-99 ({last}, {state.value})")
    assert re.search(rf"of an earlier year must go to CodaBox first.*{said}", closed.value.reply)
    assert bench.box.world.calls == []


@pytest.mark.parametrize("state", [State.HANDED_OVER, State.CANCELLED, State.FAILED])
async def test_what_is_done_with_keeps_no_year_waiting(bench: CodaboxBench, state: State) -> None:
    await bench.stored(dated("2025-99", "2025-12-31"), state=state)
    first = a_relay_parcel(dated("2026-1", "2026-01-02"), address=NUMBER)
    assert await bench.connector.deliver(first, point_of_no_return=Crossing())


async def test_what_is_held_in_the_same_year_keeps_nobody_waiting(bench: CodaboxBench) -> None:
    await bench.stored(dated("1", "2026-01-02"), state=State.HELD)
    second = a_relay_parcel(dated("2", "2026-01-03"), address=NUMBER)
    assert await bench.connector.deliver(second, point_of_no_return=Crossing())


async def test_last_years_invoice_after_the_year_is_closed_is_refused_in_words(
    bench: CodaboxBench,
) -> None:
    await handed_over(bench, "2026-1")
    late = a_relay_parcel(dated("2025-98", "2025-12-30"), address=NUMBER)
    with pytest.raises(Refused, match=r"The year 2025 is closed"):
        await bench.connector.deliver(late, point_of_no_return=Crossing())


async def test_an_invoice_that_went_never_goes_again_even_when_codabox_does_not_know_it(
    bench: CodaboxBench,
) -> None:
    bench.box.world.switches.knows_duplicates = False
    await handed_over(bench, "1")
    went = await bench.stored(goods("1"), state=State.HANDED_OVER)
    again = replace(bench.parcel("1"), delivery="v-second")
    reply = await bench.connector.deliver(again, point_of_no_return=Crossing())
    assert reply == f"CodaBox has it since delivery {went}, and takes an invoice once"
    assert bench.there() == ["1"]


async def test_a_number_that_went_with_other_content_is_held(bench: CodaboxBench) -> None:
    await bench.stored(goods("1", id="d-before"), state=State.HANDED_OVER)
    with pytest.raises(ProfileMismatch, match="1 went to CodaBox with other content"):
        await handed_over(bench, "1")
    assert bench.box.world.calls == []


async def test_what_is_taken_and_decided_later_is_said_so(bench: CodaboxBench) -> None:
    bench.box.world.switches.later = True
    assert (await handed_over(bench, "1")).endswith("state created")
