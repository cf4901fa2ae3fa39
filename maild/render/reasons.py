"""Why a mail came back, in a sentence for people, from a status code and the words of a server.

The code says it where it is a telling one (RFC 3463); where it is vague, the words do. What was said
literally is kept and shown beside it.
"""

from __future__ import annotations

import re
from typing import Final

from maild.model.returned import GOOD, Action, Returned
from maild.render.fields import language_of
from maild.render.templates import phrases

_BY_STATUS: Final = {
    "1.1": "no_mailbox",
    "1.10": "no_mailbox",
    "1.2": "no_domain",
    "1.3": "bad_address",
    "1.6": "moved",
    "1.7": "sender",
    "1.8": "sender",
    "2.1": "disabled",
    "2.2": "full",
    "2.3": "too_large",
    "3.4": "too_large",
    "4.1": "no_answer",
    "4.4": "no_domain",
    "4.6": "loop",
    "4.7": "expired",
    "6.7": "letters",
    "7.20": "authentication",
    "7.23": "authentication",
    "7.25": "authentication",
    "7.26": "authentication",
    "7.509": "authentication",
}
_BY_SUBJECT: Final = {"3": "system", "4": "no_answer", "5": "system", "6": "content", "7": "policy"}
# The order matters: the narrower words first.
_BY_WORDS: Final = tuple(
    (key, re.compile(words, re.IGNORECASE))
    for key, words in (
        ("authentication", r"\bspf\b|\bdkim\b|dmarc|unauthenticated|ptr record|reverse dns"),
        (
            "too_large",
            r"too (?:big|large)|size (?:limit|exceed)|exceeds.{0,30}size|te groot|zu groß",
        ),
        (
            "full",
            r"mail ?box (?:is )?full|over ?quota|quota exceeded|storage|inbox is full|boîte pleine",
        ),
        ("moved", r"has moved|no longer (?:here|at|with)|new address"),
        (
            "disabled",
            r"disabled|inactive|suspended|deactivated|account.{0,20}locked|expired account",
        ),
        (
            "no_domain",
            (
                r"(?:host|domain)(?: name)? (?:not found|unknown)|unknown (?:host|domain)|domain does not exist"
                r"|no (?:mx|such domain|such host)|host or domain|cannot find your hostname|unrouteable"
            ),
        ),
        (
            "no_mailbox",
            (
                r"(?:user|recipient|address|account|mailbox|name|email).{0,30}(?:unknown|not (?:found|exist|listed"
                r"|recogni[sz]ed|known)|n[o']t exist|unavailable|invalid)|no such|unknown (?:user|recipient|address"
                r"|local)|invalid (?:recipient|address|mailbox)|does not like recipient|existiert nicht|onbekende"
            ),
        ),
        ("sender", r"sender.{0,40}(?:rejected|denied|not (?:allowed|owned|verified)|invalid)"),
        (
            "policy",
            r"spam|block|blacklist|banned|reputation|policy|denied|junk|virus|unsolicited|rejected",
        ),
        ("loop", r"loop|too many hops"),
        (
            "expired",
            r"expired|too long|given? up|giving up|timeout exceeded|could not be delivered for",
        ),
        (
            "no_answer",
            r"timed? ?out|connect|unreachable|no route|not responding|refused|socket error",
        ),
        ("system", r"internal|queue file|system error|service unavailable|ldap"),
    )
)
_BY_ACTION: Final = {
    Action.DELIVERED: "delivered",
    Action.RELAYED: "relayed",
    Action.EXPANDED: "expanded",
    Action.DISPLAYED: "displayed",
    Action.ACCEPTED: "accepted",
    Action.COMPLAINED: "complained",
    Action.REPLIED: "replied",
}


def reason_of(returned: Returned, language: str = "en", *, of_inbox: bool = False) -> str:
    """What happened, in one sentence. `of_inbox`: the software behind an inbox answered, no server."""
    said = phrases(language_of(language))["returned"]
    if returned.action in GOOD or returned.action in _BY_ACTION:
        return str(said[_BY_ACTION[returned.action]])
    if of_inbox:
        return str(said["not_accepted"])
    why = str(said[key_of(returned)])
    return f"{said['delayed']} {why}" if returned.action is Action.DELAYED else why


def key_of(returned: Returned) -> str:
    """Which reason it is, as a key of the phrases."""
    detail = (returned.status or "").partition(".")[2]
    known = _BY_STATUS.get(detail)
    if known is not None:
        return known
    words = returned.diagnostic or ""
    for key, pattern in _BY_WORDS:
        if pattern.search(words):
            return key
    return _BY_SUBJECT.get(detail.partition(".")[0], "other")
