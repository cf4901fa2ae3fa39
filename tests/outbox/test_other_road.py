"""When the road that was taken into the books fails for good, the team hears of the other one."""

from __future__ import annotations

from dataclasses import replace
from functools import partial
from typing import Any

from maild.intake.notices import tell
from maild.model.delivery import HoldCode, State
from maild.rules.book import RuleBook
from maild.store import deliveries
from tests.builders_rules import a_recipient
from tests.outbox.conftest import Rig, an_acme
from tests.store.builders import a_delivery


async def test_a_refusal_names_the_command_that_sends_by_the_other_road(rig: Rig) -> None:
    roads = (a_recipient("exact", "exact"), a_recipient("yuki", "yuki"))
    rig.book = RuleBook([replace(an_acme(), recipients=roads)])
    taken = await rig.add(recipient="exact", profile="exact", address="acme@exact.example")
    over = a_delivery(
        recipient="yuki",
        address="acme@yuki.example",
        state=State.CANCELLED,
        hold_code=HoldCode.SAME_BOOKS,
    )
    over = replace(over, document=taken.document, purpose=taken.purpose)
    await rig.db.write(partial(deliveries.add, delivery=over))
    rig.sink.faults.reply["RCPT"] = "550 5.1.1 no such user"

    def told(*known: Any, **more: Any) -> object:
        rig.sink.faults.reply.clear()
        return tell(*known, **more)

    async with rig.running(tell=told):
        await rig.becomes(taken, State.FAILED)
        await rig.sink.until(lambda: rig.sink.count == 1)
    (mail,) = rig.sink.mails
    wanted = f"maild documents resend {taken.document} --to yuki"
    assert wanted in mail.content.decode().replace("=\r\n", "")
    assert (await rig.get(over)).state is State.CANCELLED
