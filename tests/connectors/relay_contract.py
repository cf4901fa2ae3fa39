"""What every relay promises, whatever it hands documents to: inherited by the tests of each.

A test module gives a fixture `bench` and inherits `RelayContract`. "There" is what the other side
holds, asked of the other side itself and not of the connector.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

import pytest

from maild.errors import MaildError, ProfileMismatch, Unavailable
from maild.model.delivery import Parcel
from maild.ports import Connector
from tests.connectors.conftest import Crossing, a_parcel


class Bench(Protocol):
    """A connector, and the other side as a test sees it."""

    @property
    def connector(self) -> Connector:
        """The connector; a new one each time that it is asked for, as after a restart."""
        ...

    def parcel(self, number: str) -> Parcel:
        """A parcel that the other side would take."""
        ...

    def there(self) -> Sequence[str]:
        """The numbers of the documents that the other side holds, each as often as it does."""
        ...

    async def cut(self, parcel: Parcel, *, step: int) -> bool:
        """Deliver, and end at the nth step as a kill would; False when there are fewer steps."""
        ...

    async def go_away(self) -> None:
        """The other side cannot be reached from now on."""
        ...


class Stop(Exception):
    """What is raised instead of passing the point of no return."""


async def stop() -> None:
    raise Stop


class RelayContract:
    """The tests."""

    async def test_a_document_is_handed_over_and_the_other_side_answers(self, bench: Bench) -> None:
        crossing = Crossing()
        reply = await bench.connector.deliver(bench.parcel("1"), point_of_no_return=crossing)
        assert reply
        assert crossing.reached >= 1
        assert bench.there() == ["1"]

    async def test_what_is_handed_over_again_is_there_once(self, bench: Bench) -> None:
        for _ in range(3):
            await bench.connector.deliver(bench.parcel("1"), point_of_no_return=Crossing())
        await bench.connector.deliver(bench.parcel("2"), point_of_no_return=Crossing())
        assert sorted(bench.there()) == ["1", "2"]

    async def test_nothing_is_there_when_the_point_of_no_return_is_not_passed(
        self, bench: Bench
    ) -> None:
        with pytest.raises(Stop):
            await bench.connector.deliver(bench.parcel("1"), point_of_no_return=stop)
        assert bench.there() == []

    async def test_a_kill_at_any_step_leaves_nothing_double_and_nothing_lost(
        self, bench: Bench
    ) -> None:
        step, numbers = 1, []
        while True:
            number = str(100 + step)
            more = await bench.cut(bench.parcel(number), step=step)
            # Until it goes through, as the outbox would: the other side may be confused for a while.
            for _ in range(5):
                try:
                    await bench.connector.deliver(
                        bench.parcel(number), point_of_no_return=Crossing()
                    )
                    break
                except MaildError:
                    continue
            numbers.append(number)
            assert sorted(bench.there()) == numbers, f"after a cut at step {step}"
            if not more:
                break
            step += 1
        assert step > 1

    async def test_a_mail_is_not_taken(self, bench: Bench) -> None:
        with pytest.raises(ProfileMismatch, match="takes none: cancel it"):
            await bench.connector.deliver(a_parcel(), point_of_no_return=Crossing())
        assert bench.there() == []

    async def test_it_is_well_while_the_other_side_is_there(self, bench: Bench) -> None:
        connector = bench.connector
        await connector.check()
        await connector.close()
        await connector.close()
        assert bench.there() == []

    async def test_it_rests_while_the_other_side_is_away(self, bench: Bench) -> None:
        await bench.go_away()
        with pytest.raises(Unavailable):
            await bench.connector.check()
        crossing = Crossing()
        with pytest.raises(Unavailable):
            await bench.connector.deliver(bench.parcel("1"), point_of_no_return=crossing)
        assert crossing.reached == 0
