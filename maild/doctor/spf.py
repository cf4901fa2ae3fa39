"""SPF of one domain of an envelope: the record, those that it includes, and who may send by it.

Source: RFC 7208.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from maild.doctor.dns import Names, NoSuchName
from maild.doctor.finding import PUBLISH, Finding, dns, txt
from maild.doctor.records import Spf, Wrong, read_spf, spf_with
from maild.doctor.sender import Needs
from maild.model.said import Said, placed

MOST_LOOKUPS: Final = 10  # RFC 7208 section 4.6.4
_END: Final = Said("end_record", "end the record with -all or ~all")


@dataclass(frozen=True, slots=True)
class Judged:
    """What was found, and which connectors may send; one of which that is not known is absent."""

    findings: tuple[Finding, ...]
    may_send: dict[str, bool]


@dataclass(slots=True)
class _Walk:
    """What a walk through a record and those that it includes has seen."""

    mechanisms: set[str] = field(default_factory=set)
    lookups: int = 0
    trouble: str = ""


async def judge_spf(domain: str, through: Sequence[Needs], names: Names) -> Judged:
    """Judge the SPF record of a domain for the connectors that use it. Raises NoAnswer."""
    nobody = {one.connector: False for one in through}
    try:
        spf = read_spf(await names.texts(domain))
    except NoSuchName:
        spf = None
    except Wrong as fault:
        english = "leave one record that begins with v=spf1, without the word that is wrong"
        hint, said = Said("leave_one_spf", english), placed("SPF", fault.args[0])
        return Judged((dns(domain, "error", said, next_=hint),), nobody)
    if spf is None:
        return Judged((_missing(domain, through),), nobody)
    walk = _Walk()
    await _walk(spf, names, walk=walk)
    if walk.trouble:
        hint = Said("mend_record", "shorten or mend the record")
        said = placed("SPF", walk.trouble)
        return Judged((dns(domain, "error", said, next_=hint),), nobody)
    may_send = {one.connector: one.spf.lower() in walk.mechanisms for one in through if one.spf}
    found = [*_ending(domain, spf)]
    found += [_covered(domain, one, spf=spf, walk=walk) for one in through]
    return Judged(tuple(found), may_send)


def _missing(domain: str, through: Sequence[Needs]) -> Finding:
    unknown = f"<what the operator of {through[0].connector} asks for>"
    mechanisms = " ".join(dict.fromkeys(one.spf for one in through if one.spf)) or unknown
    record = txt(domain, spf_with(None, mechanisms))
    said = Said("spf_none", "SPF: there is no record")
    return dns(domain, "warning", said, next_=PUBLISH, records=(record,))


def _ending(domain: str, spf: Spf) -> Iterator[Finding]:
    if spf.ending == "+":
        said = Said("spf_everybody", "SPF: +all lets everybody send as this domain")
        yield dns(domain, "error", said, next_=_END)
    elif not spf.redirect and spf.ending in {"", "?"}:
        english = "SPF: the record does not say what to do with other servers"
        yield dns(domain, "warning", Said("spf_open", english), next_=_END)


def _covered(domain: str, needs: Needs, *, spf: Spf, walk: _Walk) -> Finding:
    name = needs.connector
    if not needs.spf:
        english = f"SPF: there is a record; whether it covers connector {name} is not known"
        said = Said("spf_unknown", english, connector=name)
        english = f"say what its operator asks for as connector.smtp.{name}.spf"
        hint = Said("say_spf", english, connector=name)
        return dns(domain, "note", said, next_=hint)
    if needs.spf.lower() in walk.mechanisms:
        english = f"SPF: connector {name} may send ({needs.spf}; {walk.lookups} of 10 look-ups)"
        said = Said("spf_good", english, connector=name, spf=needs.spf, lookups=walk.lookups)
        return dns(domain, "good", said)
    english = f"SPF: connector {name} may not send; {needs.spf} is missing"
    said = Said("spf_lacks", english, connector=name, spf=needs.spf)
    record = txt(domain, spf_with(spf, needs.spf))
    hint = Said("put_in_place", "put in place of the record")
    return dns(domain, "warning", said, next_=hint, records=(record,))


async def _walk(spf: Spf, names: Names, *, walk: _Walk) -> None:
    """Collect the mechanisms of a record and of all that it includes, and count the questions."""
    for term in spf.terms:
        if term.qualifier == "+":
            walk.mechanisms.add(term.mechanism)
        if term.name == "redirect":
            # The other record stands for this one, as far as a sender is concerned.
            walk.mechanisms.add(f"include:{term.value.lower()}")
        if term.asks:
            walk.lookups += 1
        if walk.lookups > MOST_LOOKUPS:
            english = (
                f"the record asks for more than {MOST_LOOKUPS} look-ups, so receivers ignore it"
            )
            walk.trouble = Said("spf_lookups", english, most=MOST_LOOKUPS)
        elif term.name in {"include", "redirect"} and "%" not in term.value:
            # A macro (section 7) stands for something of the mail, which is not here.
            await _follow(term.value, names, walk=walk)
        if walk.trouble:
            return


async def _follow(target: str, names: Names, *, walk: _Walk) -> None:
    try:
        included = read_spf(await names.texts(target))
    except NoSuchName:
        included = None
    except Wrong as fault:
        english = f"{target}, which the record includes: {fault}"
        walk.trouble = Said("spf_included_wrong", english, domain=target, why=str(fault))
        return
    if included is None:
        # Section 5.2: a permanent error, so the whole record counts for nothing.
        english = f"the record includes {target}, which has none"
        walk.trouble = Said("spf_included_none", english, domain=target)
        return
    await _walk(included, names, walk=walk)
