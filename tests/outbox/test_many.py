"""A thousand mails that are due at once after an outage: the server is spared, nobody is starved."""

from __future__ import annotations

from typing import Any

from maild.model.delivery import State
from maild.outbox.dispatch import CONNECTIONS
from maild.outbox.lane import AHEAD
from maild.simulators.mailsink import MailSink
from maild.store.database import Tx
from tests.outbox.conftest import Rig
from tests.store.builders import stored_delivery

MANY = 1000
MAILS = 50  # by one connection (mail.md 6.4)


async def test_a_thousand_due_at_once_spare_their_server_and_starve_nobody(rig: Rig) -> None:
    def add(tx: Tx) -> list[str]:
        known: dict[str, Any] = {"recipient": None, "attach": ()}
        return [stored_delivery(tx, address=f"{n}@a.example", **known).address for n in range(MANY)]

    addresses = await rig.db.write(add)
    other = MailSink()
    ways = {"relay": rig.connector(), "other": rig.connector("other", await other.start())}
    most = 0
    async with rig.running(connectors=ways):
        await rig.sink.until(lambda: rig.sink.count >= 10)
        for one in [await rig.add(via="other") for _ in range(20)]:
            await rig.becomes(one, State.HANDED_OVER)
        assert rig.sink.count < MANY, "the others waited for the thousand"
        while rig.sink.count < MANY:
            most = max(most, len(rig.sink.transports))
            await rig.sink.until(lambda seen=rig.sink.count: rig.sink.count > seen)  # type: ignore[misc]
    assert most <= CONNECTIONS
    sent = [mail.recipients[0] for mail in rig.sink.mails]
    assert sorted(sent) == sorted(addresses)
    # Oldest first, as far as several at once can keep an order: each may be overtaken by a few.
    places = {address: n for n, address in enumerate(addresses)}
    assert max(abs(places[one] - n) for n, one in enumerate(sent)) <= 8 * (CONNECTIONS + AHEAD)
    by_session = [mail.session for mail in rig.sink.mails]
    assert max(by_session.count(one) for one in set(by_session)) == MAILS
    await other.stop()
