"""Reports in forms of their own: Amazon's notices in JSON, and receipts of accounting inboxes.

What each inbox answers is a value with its source, like the profiles of `maild.rules.profiles`.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from typing import Any, Final

from maild.model.returned import Action, Report, Returned, Sort
from maild.reading.headers import addresses
from maild.reading.returns_codes import better, one_line

_JSON_LIMIT: Final = 300_000
_WRAPPED: Final = re.compile(r"\n(?= )|\n$")
_KINDS: Final = {
    "bounce": ("bouncedRecipients", Action.FAILED, Sort.BOUNCE),
    "complaint": ("complainedRecipients", Action.COMPLAINED, Sort.FEEDBACK),
    "delivery": ("recipients", Action.DELIVERED, Sort.RECEIPT),
    "deliverydelay": ("delayedRecipients", Action.DELAYED, Sort.BOUNCE),
}


@dataclass(frozen=True, slots=True)
class Inbox:
    """How the software behind an inbox answers: its sender, and its words for yes and no."""

    name: str
    senders: re.Pattern[str]
    source: str


_REFUSED: Final = re.compile(
    r"\bfail|mislukt|niet (?:gelukt|verwerkt|geaccepteerd|herkend|ondersteund|toegestaan)|\berrors?\b"
    r"|foutmelding|\bfout\b|geweigerd|rejected|refused|declined|could(?: not|n't)|can(?: not|not|'t)|unable"
    r"|not (?:registered|supported|recogni[sz]ed|processed|accepted|allowed|valid|authori[sz]ed|delivered)"
    r"|unsupported|invalid|too large|te groot|échec|échou|refus|impossible|n['’]a pas pu|erreur"
    r"|fehlgeschlagen|abgelehnt|nicht (?:verarbeitet|erkannt|unterstützt)|fehler",
    re.IGNORECASE,
)
_ACCEPTED: Final = re.compile(
    r"success|geslaagd|gelukt|(?:is|zijn|werd|werden|goed) (?:goed )?ontvangen|verwerkt|received|accepted|processed"
    r"|delivered|aangeleverd|réussi|reçu|traité|accepté|erfolgreich|empfangen|verarbeitet|angenommen",
    re.IGNORECASE,
)
_NO_TROUBLE: Final = re.compile(
    r"(?:without|no|zonder|geen|sans|aucune?|ohne|keine) (?:any )?(?:errors?|fouten|fout|erreurs?|fehler|failures?)"
    r"|0 (?:errors?|failed|mislukt|fouten|failures?)",
    re.IGNORECASE,
)

# Source: inboxes.md section 2, as of 2026-11: Basecone answers each mail with success or failure
# ([S39], [S40]); QuickBooks answers what it does not take ([S50]).
INBOXES: Final = (
    Inbox(
        "basecone", re.compile(r"@(?:[\w.-]+\.)?(?:mailto)?basecone\.(?:com|nl|be)$"), "S39, S40"
    ),
    Inbox(
        "quickbooks",
        re.compile(
            r"@(?:[\w.-]+\.)?(?:qbodocs\.com|(?:assist|qbo|quickbooks|notification)\.intuit\.com|intuit\.com)$"
        ),
        "S50",
    ),
)


def inbox_of(sender: str) -> Inbox | None:
    """The accounting inbox that a From value belongs to."""
    named = addresses(sender.lower())
    return next((one for one in INBOXES if named and one.senders.search(named[0])), None)


def read_receipt(sender: str, subject: str, words: str) -> tuple[Action, str] | None:
    """What an inbox answered: taken in, or refused with its words; None when it says neither."""
    if inbox_of(sender) is None:
        return None
    text = _NO_TROUBLE.sub(" ", f"{subject}\n{_unquoted(words)[:8_000]}")
    if _REFUSED.search(text):
        return Action.FAILED, _sentence_with(_REFUSED, text)
    if _ACCEPTED.search(text):
        return Action.ACCEPTED, _sentence_with(_ACCEPTED, text)
    return None


def read_notification(words: str) -> Report | None:
    """A notice of Amazon SES about a mail, bare or wrapped by SNS.

    Source: docs.aws.amazon.com/ses, "Amazon SNS notification contents for Amazon SES".
    """
    found = _json(words)
    if found is not None and isinstance(found.get("Message"), str):
        found = _json(str(found["Message"]))
    if found is None:
        return None
    kind = str(found.get("notificationType") or found.get("eventType") or "").lower()
    if kind not in _KINDS or not isinstance(found.get("mail"), dict):
        return None
    name, action, sort = _KINDS[kind]
    body = found.get({"deliverydelay": "deliveryDelay"}.get(kind, kind))
    body = body if isinstance(body, dict) else {}
    if kind == "bounce" and str(body.get("bounceType", "")).lower() == "transient":
        action = Action.DELAYED
    listed = body.get(name)
    returned = [_notified(one, body, action) for one in listed] if isinstance(listed, list) else []
    headers = found["mail"].get("commonHeaders")
    message_id = headers.get("messageId") if isinstance(headers, dict) else None
    ids = [one for one in (message_id, found["mail"].get("messageId")) if isinstance(one, str)]
    kept = tuple(one for one in returned if one is not None)
    return Report(sort, kept, message_ids=tuple(ids)) if kept else None


def _notified(one: Any, body: dict[str, Any], action: Action) -> Returned | None:
    entry = one if isinstance(one, dict) else {"emailAddress": one}
    address = entry.get("emailAddress")
    if not isinstance(address, str) or "@" not in address:
        return None
    said = str(entry.get("diagnosticCode") or body.get("smtpResponse") or "")
    said = said.partition(";")[2].strip() if said.lower().startswith("smtp;") else said
    status = entry.get("status")
    kind = str(body.get("complaintFeedbackType") or body.get("bounceSubType") or "")
    return Returned(
        recipient=address,
        action=action,
        status=better(status if isinstance(status, str) else None, said),
        diagnostic=one_line(said or kind) or None,
    )


def _json(text: str) -> dict[str, Any] | None:
    start = text.find("{")
    if start < 0 or len(text) > _JSON_LIMIT:
        return None
    # Some mailers wrap the one long line; a line end inside a string is no JSON.
    for whole in (text[start:], _WRAPPED.sub("", text[start:])):
        try:
            found, _ = json.JSONDecoder(strict=False).raw_decode(whole)
        except (ValueError, RecursionError):
            continue
        return found if isinstance(found, dict) else None
    return None


def _unquoted(words: str) -> str:
    return "\n".join(one for one in words.split("\n") if not one.lstrip().startswith(">"))


def _sentence_with(pattern: re.Pattern[str], text: str) -> str:
    lines = [one.strip() for one in text.split("\n") if one.strip()]
    return one_line(
        next((one for one in lines[1:] if pattern.search(one)), lines[0] if lines else "")
    )
