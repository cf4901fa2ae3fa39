"""How a document, a decision and a delivery read on the screen."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

from maild.cli.output import note, say, state, when


def show_inspected(seen: dict[str, Any]) -> None:
    """Print one inspected file for a person."""
    if seen["kind"] == "mail":
        _show_mail(seen)
        return
    say(f"{seen['file']}", style="bold")
    rows = [
        ("kind", " ".join(filter(None, (seen["direction"], seen["kind"], seen["type_code"])))),
        ("number", seen["number"]),
        ("issued on", seen["issued_on"]),
        ("due on", seen["due_on"]),
        ("seller", party(seen["seller"])),
        ("buyer", party(seen["buyer"])),
        ("net", money(seen["totals"]["net"], seen)),
        *(
            (f"VAT {t['category']} {t['percent'] or ''}", money(t["amount"], seen))
            for t in seen["taxes"]
        ),
        ("gross", money(seen["totals"]["gross"], seen)),
        ("payable", money(seen["totals"]["payable"], seen)),
        ("pay to", " ".join(filter(None, (seen["payment"]["iban"], seen["payment"]["reference"])))),
        ("lines", seen["lines"]),
        ("dialect", seen["dialect"]),
        *(
            ("attached", f"{a['name']} ({a['media_type']}, {a['size']} bytes)")
            for a in seen["attachments"]
        ),
    ]
    for label, value in rows:
        if value not in (None, ""):
            say(f"  {label:<14} {value}")
    _show_fields(seen.get("fields", {}))
    _show_problems(seen)


def _show_fields(fields: dict[str, Any]) -> None:
    """Print how sure each figure is that was read from a page."""
    for key, field in fields.items():
        if field["value"] is not None:
            sure = field["verdict"] + (f", page {field['page']}" if field["page"] else "")
            say(f"  {key.replace('_', ' '):<26} {plain(field['value'])}  ({sure})")


def _show_mail(seen: dict[str, Any]) -> None:
    words = seen["verdict"].replace("_", " ")
    say(f"{seen['file']}", style="bold")
    say(f"  {'kind':<14} mail, {words}")
    for one in seen["attachments"]:
        within = f", in {' > '.join(one['path'])}" if one["path"] else ""
        say(f"  {'attached':<14} {one['name']} ({one['media_type']}, {one['size']} bytes{within})")
    for one in seen["returns"]:
        rest = " ".join(filter(None, (one["status"], one["diagnostic"])))
        say(f"  {one['action']:<14} {one['recipient']}  {rest}")
    _show_problems(seen)
    for one in seen["documents"]:
        show_inspected(one)


def _show_problems(seen: dict[str, Any]) -> None:
    for problem in seen["problems"]:
        where = f"{problem['where']}: " if problem["where"] else ""
        say(f"  ! {where}{problem['message']}", style="yellow")


def plain(value: Any) -> str:
    """A field's value in one line."""
    if not isinstance(value, list):
        return str(value)
    told = (
        one if isinstance(one, str) else f"{one['rate']} % of {one['base']} is {one['vat']}"
        for one in value
    )
    return ", ".join(told)


def show_explained(explained: dict[str, Any]) -> None:
    """Print a decision: every rule, hit or missed, and the deliveries that follow."""
    say(describe(explained), style="bold")
    width = max((len(one["rule"]) for one in explained["trace"]), default=0)
    for one in explained["trace"]:
        say(f"{'hit ' if one['hit'] else 'miss'}  {one['rule']:<{width}}  {one['reason']}")
    for delivery in explained["deliveries"]:
        say(f"      ->  {road(delivery)}")
    if not explained["deliveries"]:
        say("      ->  nowhere")
    for warning in explained.get("warnings", ()):
        note(warning, style="yellow")


def show_story(shown: dict[str, Any]) -> None:
    """Print one document with its timeline."""
    show_explained(shown)
    for file in shown["files"]:
        made = ", made by maild" if file["made"] else ""
        say(
            f"file  {file['role']:<10} {file['name']}  {file['size']} bytes{made}  {file['sha256']}"
        )
    for event in shown["story"]:
        say(f"{when(event['at'])}  {event['event']:<22} {event['detail']}")


def show_proof(proof: dict[str, Any]) -> None:
    """Print what proves where a document went."""
    say(describe(proof["document"]), style="bold")
    for arrival in proof["arrivals"]:
        say(f"{when(arrival['at'])}  came in {arrival['detail']}")
    for delivery in proof["deliveries"]:
        _show_proven(delivery)
    if not proof["deliveries"]:
        say("went nowhere")
    show_problems(proof)


def show_problems(proof: dict[str, Any]) -> None:
    """Print which kept bytes are gone or damaged."""
    for problem in proof["problems"]:
        note(f"! {problem}", style="yellow")


def _show_proven(delivery: dict[str, Any]) -> None:
    say(f"{delivery['address']}  {state(delivery['state'])}", style="bold")
    message = delivery["message"] or {"sha256": None}
    taken = when(delivery["handed_over_at"])
    rows = [
        ("delivery", delivery["id"]),
        ("Message-ID", delivery["message_id"]),
        ("mail", message["sha256"] and f"sha256 {message['sha256']}"),
        *(
            ("attached", f"{a['name']}  {a['size']} bytes  sha256 {a['sha256']}")
            for a in delivery["attached"]
        ),
        ("handed over", taken and f"{taken}  via {delivery['connector']}: {delivery['reply']}"),
        ("known there as", delivery["sent_as"]),
        *(
            (r["action"], f"{when(r['at'])}  {r['reason']}  sha256 {r['sha256']}")
            for r in delivery["returns"]
        ),
        ("why", delivery["reason"]),
    ]
    for label, value in rows:
        if value:
            say(f"  {label:<14} {value}")


def describe(document: dict[str, Any]) -> str:
    """A document in one line: "invoice F2026-0412  Janssens NV  1210.00 EUR  d-..."."""
    parts = (
        f"{document['kind'].replace('_', ' ')} {document['number'] or 'without number'}",
        document["counterparty"]["name"],
        money(document["total"], document),
        document.get("id"),
        {"waiting": "waits for review", "rejected": "rejected"}.get(document.get("review") or ""),
    )
    return "  ".join(part for part in parts if part)


def road(delivery: dict[str, Any]) -> str:
    """Where a delivery goes and where it stands, in one line."""
    text = (
        f"{delivery['recipient'] or 'notice'}  {delivery['address']}  via {delivery['connector']}"
    )
    text += f"  {delivery['profile']}: {', '.join(delivery['attach']) or 'no file'}"
    text += f"  {state(delivery['state'])}"
    if delivery["state"] == "queued" and when(delivery["not_before"]) > when(
        datetime.now(UTC).isoformat()
    ):
        text += f", not before {when(delivery['not_before'])}"
    why = why_waiting(delivery)
    return f"{text} ({why})" if why else text


def why_waiting(delivery: dict[str, Any]) -> str:
    """Why a delivery stands where it stands, and until when its connector keeps it; maybe nothing."""
    waits = delivery.get("waits")
    if not waits:
        return delivery.get("reason") or ""
    return f"{delivery['connector']} goes on at {when(waits['until'])}: {waits['reason']}"


def fates(document: dict[str, Any]) -> str:
    """How many deliveries stand where: "2 handed over, 1 held"."""
    counted: dict[str, int] = {}
    for delivery in document["deliveries"]:
        counted[delivery["state"]] = counted.get(delivery["state"], 0) + 1
    text = ", ".join(f"{n} {name.replace('_', ' ')}" for name, n in counted.items())
    return text or "no rule"


def party(seen: dict[str, Any]) -> str:
    """A party in one line."""
    return "  ".join(filter(None, (seen["name"], seen["vat"])))


def money(amount: str | None, around: dict[str, Any]) -> str:
    """An amount with its currency, empty where none is claimed."""
    return f"{amount} {around['currency'] or ''}".strip() if amount is not None else ""
