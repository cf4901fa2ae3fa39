"""What maild reads in a PDF, for a person who asks: the bill inside it, its files, what speaks against it."""

from __future__ import annotations

from typing import Any, Final

from maild.errors import Problem
from maild.intake.inspect import direction_of
from maild.intake.opening import Opened
from maild.model.figures import Figures, figures_json
from maild.model.team import Team
from maild.reading.pdf import Embedded
from maild.ubl.describe import describe, describe_unknown, problems_json

PDF_ONLY: Final = Problem(
    "pdf_only",
    "",
    "a PDF without figures inside, and maild reads none from its pages. Send its UBL along, or "
    "send it to the team's address with a tag such as +invoice",
)
READ_FROM_THE_PAGE: Final = Problem(
    "pdf_only",
    "",
    "a PDF without figures inside; what its pages say stands under fields, with how sure each is. "
    "Send its UBL along, or send it to the team's address with a tag such as +purchase",
)


def asks_for_figures(opened: Opened) -> bool:
    """Whether its pages are all that tells what it is."""
    return opened.inside is None and opened.hold is None and opened.remark is None


def shown(
    name: str, opened: Opened, *, team: Team | None, figures: Figures | str | None = None
) -> dict[str, Any]:
    """The object for a PDF. A bill that is not believed is shown all the same, with the reason.

    `figures` are those read from its pages, when it has no bill inside, or why none were.
    """
    doubts = [_problem(opened)] if opened.hold or opened.remark else []
    files = [_attachment(one) for one in opened.files]
    if opened.inside is None:
        if isinstance(figures, str):
            doubts.append(Problem("pdf_only", "", f"a PDF without figures inside; {figures}"))
        elif figures is not None and _says_something(figures):
            blank = describe_unknown(name, doubts or [READ_FROM_THE_PAGE])
            return blank | {"attachments": files, "fields": figures_json(figures)}
        return describe_unknown(name, doubts or [PDF_ONLY]) | {"attachments": files}
    look = opened.inside.look
    said = describe(look, file=name, direction=direction_of(look.bill, team))
    return said | {
        "attachments": [*files, *said["attachments"]],
        "problems": [*said["problems"], *problems_json(doubts)],
    }


def _says_something(figures: Figures) -> bool:
    return any(figures[key].value for key in ("invoice_number", "gross_total"))


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
