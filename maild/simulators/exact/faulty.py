"""Answers that went wrong: those in place of doing anything, and those bent on their way back."""

from __future__ import annotations

from maild.simulators.exact.faults import Fault, Planned
from maild.simulators.exact.refusal import Refusal
from maild.simulators.http_wire import Answer, Ending

_HTML = {"Content-Type": "text/html; charset=utf-8"}
_MAINTENANCE = (
    b"<!DOCTYPE html><html><body><h1>Maintenance</h1><p>We are back soon.</p></body></html>"
)
_BROKEN = b"<!DOCTYPE html><html><body><h1>Server Error in '/' Application.</h1></body></html>"
_BUSY = b"<html><body><h1>Service Unavailable</h1></body></html>"


def instead(planned: Planned) -> Answer | None:
    """The answer to a call of which nothing is done; None for faults that need the service."""
    fault = planned.fault
    if fault is Fault.CUT_BEFORE:
        return Answer(0, ending=Ending.RESET)
    if fault is Fault.UNAUTHORIZED:
        return Refusal(401, "Unauthorized").answer()
    if fault is Fault.DIVISION_REFUSED:
        return Refusal(403, "Forbidden.", reason="NoDivisionAccess").answer()
    return _page(fault)


def bent(answer: Answer, planned: Planned) -> Answer:
    """The answer as it arrives."""
    fault = planned.fault
    if fault is Fault.CUT_AFTER:
        answer.ending = Ending.RESET
    elif fault is Fault.HALF_ANSWER:
        answer.ending = Ending.HALF
    elif fault is Fault.TRUNCATED:
        answer.body = answer.body[: len(answer.body) // 2]
    elif fault is Fault.SLOW:
        answer.delay = planned.seconds
    elif fault is Fault.WRONG_TYPE:
        atom = b"<feed xmlns='http://www.w3.org/2005/Atom'></feed>"
        return Answer(
            answer.status, atom, {**answer.headers, "Content-Type": "application/atom+xml"}
        )
    elif planned.done and (page := _page(fault)):
        return page
    return answer


def _page(fault: Fault) -> Answer | None:
    if fault is Fault.HTML_200:
        return Answer(200, _MAINTENANCE, dict(_HTML))
    if fault is Fault.HTML_500:
        return Answer(500, _BROKEN, dict(_HTML))
    if fault is Fault.SERVICE_503:
        return Answer(503, _BUSY, dict(_HTML))
    if fault is Fault.TIMEOUT_408:
        return Answer(408, b"", dict(_HTML))
    return None
