"""The job that sets a proof of delivery as a PDF, inside a child process. Same proof, same bytes.

The proof itself lies in the file as `proof.json`, the source of what the pages say.
"""

from __future__ import annotations

import json
from datetime import date
from functools import lru_cache
from pathlib import Path

from maild.render.typeset import Inside, typeset_archival


def pdf(payload: bytes) -> bytes:
    """Set the pages of an order (see `proof_view.order`); the answer is the file."""
    head, _, proof = payload.partition(b"\n")
    view = json.loads(head)
    inside = Inside(
        proof,
        name="proof.json",
        description=view["t"]["title"],
        media_type="application/json",
        relation="Source",
    )
    return typeset_archival(_template(), view, day=date.fromisoformat(view["day"]), inside=inside)


@lru_cache(maxsize=1)
def _template() -> bytes:
    return (Path(__file__).parent / "templates" / "proof" / "proof.typ").read_bytes()
