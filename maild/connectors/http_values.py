"""A consignment as the values that templates name, and as the body of the call that sends it."""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from maild.config.http_map import HttpPart, HttpSend, fill
from maild.errors import ProfileMismatch
from maild.model.delivery import Consignment, Content, Enclosure, Parcel
from maild.model.document import Role

_ROLES: Mapping[str, Role] = {"ubl": Role.UBL, "pdf": Role.PDF}


@dataclass(frozen=True, slots=True)
class Body:
    """What goes into a request: options of httpx2, and headers that belong to it."""

    options: dict[str, Any] = field(repr=False)
    headers: dict[str, str] = field(default_factory=dict)


def values_of(parcel: Parcel, goods: Consignment) -> dict[str, str]:
    """Every value but those of files (`maild.config.http_map.VALUES`)."""
    document, bill = goods.document, goods.document.bill
    ubl = goods.file(Role.UBL)
    day = document.issued_on
    return {
        "reference": goods.reference,
        "number": document.number or "",
        "kind": document.kind.value,
        "issued_on": day.isoformat() if day else "",
        "year": str(day.year) if day else "",
        "total": str(document.total.value) if document.total else "",
        "currency": document.total.currency if document.total else "",
        "seller_vat": (bill.seller.vat or "") if bill else "",
        "buyer_vat": (bill.buyer.vat or "") if bill else "",
        "buyer": (bill.buyer.name or "") if bill else "",
        "team": goods.team.slug,
        "address": parcel.address,
        "sha256": ubl.sha256 if ubl else "",
    }


def body_of(send: HttpSend, goods: Consignment, values: Mapping[str, str]) -> Body:
    """The body that a mapping wants. Raises ProfileMismatch when a file of it is missing."""
    if send.body == "raw":
        file = _file(goods, send.content)
        headers = {"Content-Type": file.media_type}
        headers |= _headers(send, {**values, "file": file.name})
        return Body({"content": whole(file.content)}, headers)
    if send.body == "json":
        return Body({"content": _json(send, goods, values)}, {"Content-Type": "application/json"})
    parts = [_part(one, goods, values) for one in send.parts]
    return Body({"files": parts}, _headers(send, values))


def whole(content: Content) -> bytes:
    """The bytes, which a call needs at once; a document's files are bounded by the door."""
    return content if isinstance(content, bytes) else content.read()


def _headers(send: HttpSend, values: Mapping[str, str]) -> dict[str, str]:
    return {name: fill(template, values) for name, template in send.headers.items()}


def _part(part: HttpPart, goods: Consignment, values: Mapping[str, str]) -> tuple[str, Any]:
    if part.content == "text":
        media_type = part.media_type or "text/plain"
        return part.name, (None, fill(part.text, values).encode(), media_type)
    file = _file(goods, part.content)
    name = fill(part.filename, {**values, "file": file.name})
    return part.name, (name, whole(file.content), part.media_type or file.media_type)


def _json(send: HttpSend, goods: Consignment, values: Mapping[str, str]) -> bytes:
    files = {
        name: base64.b64encode(whole(_file(goods, name).content)).decode()
        for name in _ROLES
        if f"{{{name}}}" in send.template
    }
    text = fill(send.template, {**values, **files}, escape="json")
    try:
        json.loads(text)
    except ValueError as fault:
        raise ProfileMismatch(
            f"send.template does not give JSON for this document: {fault}"
        ) from fault
    return text.encode()


def _file(goods: Consignment, name: str) -> Enclosure:
    file = goods.file(_ROLES[name])
    if file is None:
        raise ProfileMismatch(
            f"document {goods.document.id} goes there with its {name.upper()}, and has none: cancel "
            "this delivery, or hand the document in with it"
        )
    return file
