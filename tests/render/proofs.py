"""Proofs of delivery as `maild.proof` gives them, for the tests of their pages; and golden texts.

`python -m tests.render.proofs` writes the golden texts anew.
"""

from __future__ import annotations

import contextlib
import hashlib
import io
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import pypdfium2

from maild.render import proof_page
from maild.render.proof_view import Frame, order

GOLDEN = Path(__file__).parent / "golden"
LANGUAGES = ("nl", "fr", "en", "de")
TAKEN = {
    "n": 1,
    "started_at": "2026-11-24T13:05:06.123456Z",
    "ended_at": "2026-11-24T13:05:07.123456Z",
    "outcome": "handed_over",
    "reply": "250 2.0.0 Ok: queued as 4Xk2Qz1abc",
}
UNCERTAIN = TAKEN | {"outcome": "uncertain", "reply": None}
DEFERRED = TAKEN | {"outcome": "deferred", "reply": "451 4.7.1 Greylisted, try again later"}
DELIVERED = {
    "source": "smtp",
    "at": "2026-11-24T13:40:00Z",
    "kind": "receipt",
    "action": "delivered",
    "recipient": "acme-sales@inbox.example",
    "status": "2.0.0",
    "diagnostic": "smtp; 250 2.1.5 Delivered",
    "reason": "De mail is in de mailbox afgeleverd.",
    "sha256": hashlib.sha256(b"report").hexdigest(),
}


def a_frame(language: str = "nl", *, team: str = "Timmerwerken De Smet BV") -> Frame:
    """Whose page it is."""
    return Frame(team, "Europe/Brussels", language, primary="#12343b", accent="#a8480f")


def a_proof(*deliveries: dict[str, Any], **document: Any) -> dict[str, Any]:
    """A proof of one invoice; keywords replace what is said of it."""
    return {
        "document": {
            "id": "d-01jdx0k3m5",
            "team": "acme",
            "kind": "invoice",
            "number": "F2026-0412",
            "issued_on": "2026-11-24",
            "counterparty": {"name": "Janssens NV", "vat": "BE0987654394"},
            "total": "1210.00",
            "currency": "EUR",
            "accepted_at": "2026-11-24T13:05:01Z",
            "files": [],
            **document,
        },
        "arrivals": [
            {
                "at": "2026-11-24T13:05:01Z",
                "event": "arrival",
                "detail": "by smtp from facturen@acme.example",
                "door": "smtp",
                "sender": "facturen@acme.example",
                "recipient": "acme@in.example",
                "size": 20_000,
                "sha256": hashlib.sha256(b"arrival").hexdigest(),
            }
        ],
        "deliveries": list(deliveries),
        "problems": [],
    }


def a_delivery(
    state: str = "handed_over", *, attempts: Sequence[dict[str, Any]] = (TAKEN,), **other: Any
) -> dict[str, Any]:
    """A delivery of it in a state; keywords replace the rest."""
    took = [one for one in attempts if one["outcome"] == "handed_over"]
    return {
        "id": "v-01jd0001",
        "purpose": "document",
        "recipient": "accountant",
        "address": "acme-sales@inbox.example",
        "connector": "relay",
        "state": state,
        "reason": None,
        "message_id": "<v-01jd0001@acme.example>",
        "handed_over_at": took[-1]["ended_at"] if took else None,
        "reply": took[-1]["reply"] if took else None,
        "sent_as": None,
        "message": {
            "sha256": hashlib.sha256(b"mail").hexdigest(),
            "intact": True,
            "size": 183_204,
            "date": "Tue, 24 Nov 2026 13:05:06 +0000",
            "from": "De Smet <facturen@acme.example>",
            "to": "acme-sales@inbox.example",
            "subject": "Factuur F2026-0412",
        },
        "by_link": False,
        "attached": [
            {
                "name": f"F2026-0412.{kind}",
                "media_type": f"application/{kind}",
                "size": 54_321,
                "sha256": hashlib.sha256(kind.encode()).hexdigest(),
                "role": role,
            }
            for kind, role in (("pdf", "pdf"), ("xml", "ubl"))
        ],
        "attempts": list(attempts),
        "returns": [],
        **other,
    }


def every_state() -> dict[str, Any]:
    """One delivery in each state that a page may show."""
    again = [UNCERTAIN, TAKEN | {"n": 2}]
    unsent: dict[str, Any] = {"message": None, "attached": []}
    lost: dict[str, Any] = {"message": {"sha256": "0" * 64, "intact": False}, "attached": []}
    proof = a_proof(
        a_delivery(),
        a_delivery("confirmed", attempts=again, returns=[DELIVERED]),
        a_delivery("bounced", returns=[DELIVERED | {"action": "failed"}], **lost),
        a_delivery("uncertain", attempts=[UNCERTAIN]),
        a_delivery("failed", attempts=[UNCERTAIN, DEFERRED | {"n": 2}], reason="refused: 554 no"),
        *(a_delivery(one, attempts=[], **unsent) for one in ("queued", "held", "cancelled")),
    )
    proof["problems"] = ["delivery v-01jd0001: the mail is not in the store any more"]
    return proof


def typeset(proof: dict[str, Any], *, frame: Frame) -> bytes:
    """The pages, set here as the child sets them: in an empty folder."""
    with tempfile.TemporaryDirectory() as folder, contextlib.chdir(folder):
        return proof_page.pdf(order(proof, frame=frame))


def text_of(content: bytes) -> list[str]:
    """The text of each page, a line a line, blanks as blanks."""
    with pypdfium2.PdfDocument(io.BytesIO(content)) as document:
        found = [one.get_textpage().get_text_bounded() for one in document]
    return [one.replace("\r\n", "\n").replace("\u00a0", " ") for one in found]


def golden_text(language: str) -> str:
    """What the pages of every state say in a language."""
    pages = text_of(typeset(every_state(), frame=a_frame(language)))
    return "\n\f\n".join(pages) + "\n"


if __name__ == "__main__":
    GOLDEN.mkdir(exist_ok=True)
    for each in LANGUAGES:
        (GOLDEN / f"proof.{each}.txt").write_text(golden_text(each), encoding="utf-8")
