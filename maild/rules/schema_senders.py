"""The keys of a team about those who send to it: who may, who is told, and when it hears of the day."""

from __future__ import annotations

from typing import Any, Final

from maild.model.said import Said, all_of
from maild.model.team import COPIES_FROM, DIGEST, Answers, Strangers
from maild.rules import identity, windows
from maild.rules.table import Table

OFF: Final = "off"


def read_senders(table: Table) -> dict[str, Any]:
    """The fields of `Team` that say this."""
    copies = _patterns(table, "copies_from")
    return {
        "senders_allow": _patterns(table, "senders_allow"),
        "senders_deny": _patterns(table, "senders_deny"),
        "unknown_senders": Strangers(
            table.choice("unknown_senders", [*Strangers], default=Strangers.HOLD_MAILBOX)
        ),
        "copies_from": copies if table.has("copies_from") else COPIES_FROM,
        "answers": Answers(table.choice("answers", [*Answers], default=Answers.PEOPLE)),
        "digest": _digest(table),
    }


def _patterns(table: Table, name: str) -> tuple[str, ...]:
    """Addresses, or whole domains as "*@example.com"."""
    values = table.texts(name)
    for value in values:
        whole = f"x{value.removeprefix('*')}" if value.startswith("*@") else value
        if identity.address_problem(whole):
            table.problem(
                name,
                f'"{value}" is no mail address; write one such as "an@kantoor.example", or '
                '"*@kantoor.example" for all of a domain',
            )
    return values


def _digest(table: Table) -> str:
    text = table.text("digest", DIGEST)
    if text == OFF:
        return ""
    try:
        if not windows.parse(text).times:
            english = 'write a time, such as "daily 08:00"'
            raise ValueError(Said("digest_time", english))
    except ValueError as fault:
        off = Said("digest_off", f'or "{OFF}"', off=OFF)
        table.problem("digest", all_of([fault.args[0], off]))
    return text
