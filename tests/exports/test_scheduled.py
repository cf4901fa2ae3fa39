"""Packages that are owed each period: once, with the right documents, late ones in supplements."""

from __future__ import annotations

import io
import json
import zipfile
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import partial

import pytest

from maild.errors import UserError
from maild.exports.scheduled import Scheduled
from maild.exports.sending import Sender
from maild.model.document import Document, Kind
from maild.model.export import Export
from maild.model.run import Run, RunState
from maild.model.team import Recipient
from maild.rules.book import RuleBook
from maild.rules.profiles import PROFILES
from maild.store import documents, packages, runs
from maild.store.database import Tx
from tests.builders_bill import a_bill
from tests.exports.conftest import ACME, Books

TEAM = replace(
    ACME,
    recipients=(Recipient("accountant", "relay", "an@kantoor.example", PROFILES["mailbox"]),),
    exports=(Export("monthly", to=("accountant",)),),
)


@dataclass(slots=True)
class Office:
    """A team with a monthly export, and the clock of a test."""

    books: Books
    now: datetime = datetime(2026, 1, 1, tzinfo=UTC)

    @property
    def scheduled(self) -> Scheduled:
        """What does the runs."""
        sender = Sender(self.books.packer, self.books.blobs)
        return Scheduled(sender, self.books.db, lambda: RuleBook((TEAM,)), lambda: self.now)

    async def bill(self, number: str, on: date, *, accepted_on: date) -> None:
        """An invoice of that day, which came on another."""
        accepted_at = datetime.combine(accepted_on, datetime.min.time(), UTC)
        await self.books.file(a_bill(number=number, issued_on=on), accepted_at=accepted_at)

    async def due(self, period: str, due_at: datetime, *, late: timedelta = timedelta()) -> str:
        """Do the run of a period, `late` after it was due."""
        self.now = due_at + late
        run = await self.owed(period, due_at)
        return await self.scheduled.run(run)

    async def owed(self, period: str, due_at: datetime) -> Run:
        """The run of a period, claimed."""
        row = Run(
            "acme/monthly", period, RunState.DUE, self.now, due_at, not_before=due_at, work="export"
        )
        await self.books.db.write(partial(runs.add, run=row))
        claim = partial(
            runs.claim, works=["export"], now=self.now, owner="me", until=self.now + timedelta(1)
        )
        claimed = await self.books.db.write(claim)
        assert claimed is not None
        return claimed

    async def made(self) -> dict[str, list[str]]:
        """The numbers in each package that was filed, by its name."""
        found = await self.books.db.read(_packages)
        return {name: await self._numbers(one) for name, one in found.items()}

    async def _numbers(self, document: Document) -> list[str]:
        content = await self.books.blobs.read(document.files[0].sha256)
        return [str(one["number"]) for one in _index(content)["documents"]]


def _index(content: bytes) -> dict[str, list[dict[str, object]]]:
    found = json.loads(zipfile.ZipFile(io.BytesIO(content)).read("index.json"))
    assert isinstance(found, dict)
    return found


def _packages(tx: Tx) -> dict[str, Document]:
    found = documents.find(tx, kind=Kind.EXPORT.value)
    return {str(one.number): one for one in reversed(found)}


@pytest.fixture
def office(books: Books) -> Office:
    """A store with nothing in it."""
    return Office(books)


MARCH, APRIL, MAY = (datetime(2026, month, 6, 5, tzinfo=UTC) for month in (4, 5, 6))


async def test_each_document_is_in_one_package_or_supplement(office: Office) -> None:
    await office.bill("F-1", date(2026, 3, 10), accepted_on=date(2026, 3, 11))
    await office.bill("F-2", date(2026, 4, 10), accepted_on=date(2026, 4, 1))  # dated ahead
    await office.bill("F-3", date(2026, 3, 31), accepted_on=date(2026, 4, 20))  # late
    await office.bill("F-4", date(2026, 2, 1), accepted_on=date(2026, 4, 21))  # later still
    await office.bill(
        "F-5", date(2026, 3, 30), accepted_on=date(2026, 5, 20)
    )  # late for the second
    await office.due("2026-03", MARCH)
    await office.due("2026-04", APRIL)
    await office.due("2026-05", MAY)
    assert await office.made() == {
        "monthly 2026-03": ["F-1"],
        "monthly 2026-02 supplement 1": ["F-4"],
        "monthly 2026-03 supplement 1": ["F-3"],
        "monthly 2026-04": ["F-2"],
        "monthly 2026-03 supplement 2": ["F-5"],
    }


async def test_a_run_that_is_weeks_late_makes_the_package_of_its_day(office: Office) -> None:
    await office.bill("F-1", date(2026, 3, 10), accepted_on=date(2026, 3, 11))
    await office.bill("F-2", date(2026, 3, 12), accepted_on=date(2026, 4, 30))
    await office.due("2026-03", MARCH, late=timedelta(days=40))
    await office.due("2026-04", APRIL, late=timedelta(days=10))
    assert await office.made() == {
        "monthly 2026-03": ["F-1"],
        "monthly 2026-03 supplement 1": ["F-2"],
    }


async def test_a_period_without_documents_sends_nothing_and_is_done(office: Office) -> None:
    assert await office.due("2026-03", MARCH) == "nothing to send"
    await office.bill("F-1", date(2026, 3, 10), accepted_on=date(2026, 4, 20))
    await office.due("2026-04", APRIL)
    assert list(await office.made()) == ["monthly 2026-03 supplement 1"]


async def test_what_a_person_lets_through_later_is_in_the_supplement(office: Office) -> None:
    waits = await office.books.file(
        a_bill(number="F-1", issued_on=date(2026, 3, 10)),
        accepted_at=datetime(2026, 3, 11, tzinfo=UTC),
        review="waiting",
    )
    await office.due("2026-03", MARCH)

    def confirm(tx: Tx) -> None:
        documents.set_review(tx, waits.id, "confirmed")
        for at, event in ((3, "document.same_number"), (4, "review.confirmed")):
            moment = datetime(2026, at, 11, tzinfo=UTC)
            documents.add_event(tx, at=moment, event=event, team="acme", document=waits.id)

    await office.books.db.write(confirm)
    await office.due("2026-04", APRIL)
    assert await office.made() == {"monthly 2026-03 supplement 1": ["F-1"]}


async def test_a_run_that_was_killed_between_two_packages_makes_neither_twice(
    office: Office, monkeypatch: pytest.MonkeyPatch
) -> None:
    await office.due("2026-03", MARCH)
    await office.bill("F-1", date(2026, 3, 10), accepted_on=date(2026, 4, 20))
    await office.bill("F-2", date(2026, 2, 10), accepted_on=date(2026, 4, 20))
    await office.bill("F-3", date(2026, 4, 10), accepted_on=date(2026, 4, 20))
    office.now = APRIL
    run = await office.owed("2026-04", APRIL)
    write, left = office.books.db.write, 3

    async def failing(fn: object) -> object:
        nonlocal left
        left -= 1
        if left < 0:
            raise OSError("the power is gone")
        return await write(fn)  # type: ignore[arg-type]

    for allowed in range(6):
        left = allowed
        monkeypatch.setattr(office.books.db, "write", failing)
        try:
            await office.scheduled.run(run)
        except OSError:
            continue
        finally:
            monkeypatch.undo()
        break
    else:
        pytest.fail("it never got through")
    assert await office.made() == {
        "monthly 2026-02 supplement 1": ["F-2"],
        "monthly 2026-03 supplement 1": ["F-1"],
        "monthly 2026-04": ["F-3"],
    }
    noted = await office.books.db.read(lambda tx: packages.made(tx, "acme", "monthly"))
    assert len(noted) == 4
    stored = await office.books.db.read(lambda tx: runs.get(tx, "acme/monthly", "2026-04"))
    assert stored is not None
    assert stored.state is RunState.DONE
    assert stored.result == "2026-04: 1 document, 1 part"


async def test_a_run_that_another_process_took_over_files_nothing(office: Office) -> None:
    await office.bill("F-1", date(2026, 3, 10), accepted_on=date(2026, 3, 11))
    office.now = MARCH
    run = await office.owed("2026-03", MARCH)
    with pytest.raises(RuntimeError, match="taken over"):
        await office.scheduled.run(replace(run, tries=run.tries - 1))
    assert await office.made() == {}


async def test_an_export_that_is_gone_says_what_to_do(office: Office) -> None:
    run = Run("acme/weekly", "2026-W13", RunState.RUNNING, MARCH, MARCH, not_before=MARCH)
    with pytest.raises(UserError, match='no export "weekly" any more'):
        await office.scheduled.run(run)
