"""What maild reads in a PDF, for a person who asks: the bill inside it, its files, what speaks against it."""

from __future__ import annotations

from typing import Any, Final

from maild.errors import Problem
from maild.intake.inspect import direction_of
from maild.intake.opening import Opened
from maild.model.team import Team
from maild.reading.pdf import Embedded
from maild.ubl.describe import describe, describe_unknown, problems_json

PDF_ONLY: Final = Problem(
    "pdf_only",
    "",
    "a PDF without figures inside; maild does not read them from the page. Send its UBL along, or "
    "send it to the team's address with a tag such as +invoice",
)


def shown(name: str, opened: Opened, *, team: Team | None) -> dict[str, Any]:
    """The object for a PDF. A bill that is not believed is shown all the same, with the reason."""
    doubts = [_problem(opened)] if opened.hold or opened.remark else []
    files = [_attachment(one) for one in opened.files]
    if opened.inside is None:
        return describe_unknown(name, doubts or [PDF_ONLY]) | {"attachments": files}
    look = opened.inside.look
    said = describe(look, file=name, direction=direction_of(look.bill, team))
    return said | {
        "attachments": [*files, *said["attachments"]],
        "problems": [*said["problems"], *problems_json(doubts)],
    }


def _problem(opened: Opened) -> Problem:
    if opened.hold:
        return Problem(opened.hold.code.value, "", opened.hold.reason)
    return Problem("damaged", "", opened.remark or "")


def _attachment(one: Embedded) -> dict[str, Any]:
    return {
        "name": one.name,
        "media_type": one.media_type,
        "size": one.size,
        "sha256": one.sha256,
    }
