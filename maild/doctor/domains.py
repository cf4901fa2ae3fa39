"""Whether receivers believe a domain's mail: its SPF, DKIM and DMARC records, looked up and judged.

Only the domain in From counts for DMARC, and one of SPF and DKIM has to be aligned with it
(portal_security.md section 6). The envelope carries the same domain, and keys are looked for at it,
so what is found here is aligned by its place.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final

from maild.doctor.dns import Names, NoAnswer, NoSuchName
from maild.doctor.finding import Finding, Level, txt
from maild.doctor.records import Dkim, Dmarc, Spf, Wrong, read_dkim, read_dmarc, read_spf, spf_with
from maild.doctor.sender import Needs, Sending

MOST_LOOKUPS: Final = 10  # RFC 7208 section 4.6.4
MOST_LABELS: Final = 8  # RFC 9989 section 4.10: a longer name is cut to seven labels at once


@dataclass(slots=True)
class _Walk:
    """What a walk through an SPF record and those that it includes has seen."""

    mechanisms: set[str] = field(default_factory=set)
    lookups: int = 0
    trouble: str = ""


@dataclass(slots=True)
class _Seen:
    """What is known of one domain, for the judgement about DMARC."""

    spf: dict[str, bool] = field(default_factory=dict)  # connector: it may send; unknown: absent
    dkim: dict[str, bool] = field(default_factory=dict)


async def look_at(sending: Sending, names: Names) -> list[Finding]:
    """Everything that is to be said about one sending domain."""
    domain, seen = sending.domain, _Seen()
    try:
        texts = await names.texts(domain)
    except NoSuchName:
        said = f"the domain does not exist; {', '.join(sending.teams)} sends as it"
        return [_finding(domain, "error", said, next_="correct `from` of the team")]
    except NoAnswer as fault:
        hint = "look at this machine's name servers, or name others as maild.resolver"
        return [_finding(domain, "error", f"cannot be looked up: {fault}", next_=hint)]
    try:
        found = [
            *await _spf(sending, texts, names=names, seen=seen),
            *[
                one
                for needs in sending.through
                for one in await _dkim(domain, needs, names, seen=seen)
            ],
            *await _dmarc(sending, names, seen=seen),
        ]
    except NoAnswer as fault:
        return [_finding(domain, "error", f"cannot be looked up: {fault}")]
    return found


# SPF.


async def _spf(
    sending: Sending, texts: tuple[str, ...], *, names: Names, seen: _Seen
) -> list[Finding]:
    domain = sending.domain
    wanted = [one for one in sending.through if one.spf]
    try:
        spf = read_spf(texts)
    except Wrong as fault:
        seen.spf = {one.connector: False for one in sending.through}
        hint = "leave one record that begins with v=spf1, without the word that is wrong"
        return [_finding(domain, "error", f"SPF: {fault}", next_=hint)]
    if spf is None:
        seen.spf = {one.connector: False for one in sending.through}
        unknown = f"<what the operator of {sending.through[0].connector} asks for>"
        mechanisms = " ".join(dict.fromkeys(one.spf for one in wanted)) or unknown
        record = txt(domain, spf_with(None, mechanisms))
        return [
            _finding(
                domain, "warning", "SPF: there is no record", next_="publish", records=(record,)
            )
        ]
    walk = _Walk()
    await _walk(domain, spf, names, walk=walk)
    if walk.trouble:
        seen.spf = {one.connector: False for one in sending.through}
        return [
            _finding(domain, "error", f"SPF: {walk.trouble}", next_="shorten or mend the record")
        ]
    return [*_ending(domain, spf), *_mechanisms(sending, spf, walk=walk, seen=seen)]


def _ending(domain: str, spf: Spf) -> Iterator[Finding]:
    if spf.ending == "+":
        said = "SPF: +all lets everybody send as this domain"
        yield _finding(domain, "error", said, next_="end the record with -all or ~all")
    elif not spf.redirect and spf.ending in {"", "?"}:
        said = "SPF: the record does not say what to do with other servers"
        yield _finding(domain, "warning", said, next_="end the record with -all or ~all")


def _mechanisms(sending: Sending, spf: Spf, *, walk: _Walk, seen: _Seen) -> Iterator[Finding]:
    domain = sending.domain
    for one in sending.through:
        if not one.spf:
            said = (
                f"SPF: there is a record; whether it covers connector {one.connector} is not known"
            )
            hint = f"say what its operator asks for as connector.smtp.{one.connector}.spf"
            yield _finding(domain, "note", said, next_=hint)
            continue
        seen.spf[one.connector] = one.spf.lower() in walk.mechanisms
        if seen.spf[one.connector]:
            said = f"SPF: connector {one.connector} may send ({one.spf}; {walk.lookups} look-ups)"
            yield _finding(domain, "good", said)
        else:
            said = f"SPF: connector {one.connector} may not send; {one.spf} is missing"
            record = txt(domain, spf_with(spf, one.spf))
            yield _finding(
                domain, "warning", said, next_="put in place of the record", records=(record,)
            )


async def _walk(domain: str, spf: Spf, names: Names, *, walk: _Walk) -> None:
    """Collect the mechanisms of a record and of all that it includes, and count the questions."""
    for term in spf.terms:
        if term.qualifier == "+":
            walk.mechanisms.add(term.mechanism)
        if term.asks:
            walk.lookups += 1
        if walk.lookups > MOST_LOOKUPS:
            walk.trouble = (
                f"the record asks for more than {MOST_LOOKUPS} look-ups, so receivers ignore it"
            )
        elif term.name in {"include", "redirect"} and "%" not in term.value:
            await _follow(domain, term.value, names, walk=walk)
        if walk.trouble:
            return


async def _follow(domain: str, target: str, names: Names, *, walk: _Walk) -> None:
    try:
        included = read_spf(await names.texts(target))
    except NoSuchName:
        included = None
    except Wrong as fault:
        walk.trouble = f"{target}, which the record includes: {fault}"
        return
    if included is None:
        # RFC 7208 section 5.2: a permanent error, so the whole record counts for nothing.
        walk.trouble = f"the record includes {target}, which has none"
        return
    await _walk(domain, included, names, walk=walk)


# DKIM.


async def _dkim(domain: str, needs: Needs, names: Names, *, seen: _Seen) -> list[Finding]:
    if not needs.selectors:
        said = f"DKIM: with which key connector {needs.connector} signs is not known"
        hint = f"name its selectors as connector.smtp.{needs.connector}.dkim_selectors"
        return [_finding(domain, "note", said, next_=hint)]
    found: list[Finding] = []
    good: list[str] = []
    for selector in needs.selectors:
        name = f"{selector}._domainkey.{domain}"
        try:
            key = read_dkim(await names.texts(name))
        except NoSuchName:
            key = None
        except Wrong as fault:
            hint = "publish the key anew, whole"
            found.append(_finding(domain, "warning", f"DKIM {selector}: {fault}", next_=hint))
            continue
        if key is not None:
            good.append(selector)
            found += _remarks(domain, selector, key)
    seen.dkim[needs.connector] = bool(good)
    if good:
        said = f"DKIM: connector {needs.connector} has its key ({', '.join(good)})"
        return [_finding(domain, "good", said), *found]
    if not found:
        found.append(_no_key(domain, needs))
    return found


def _remarks(domain: str, selector: str, key: Dkim) -> Iterator[Finding]:
    if key.testing:
        said = f"DKIM {selector}: the key is marked as a test (t=y), so it counts for nothing"
        yield _finding(domain, "warning", said, next_="take t=y out of the record")
    if key.weak:
        said = f"DKIM {selector}: the key has {key.bits} bits"
        yield _finding(domain, "warning", said, next_="make one of 2,048 bits")


def _no_key(domain: str, needs: Needs) -> Finding:
    said = f"DKIM: connector {needs.connector} has no key here ({', '.join(needs.selectors)})"
    if needs.how:
        return _finding(domain, "warning", said, next_=needs.how)
    records = tuple(
        txt(
            f"{one}._domainkey.{domain}", f"v=DKIM1; k=rsa; p=<the public key of {needs.connector}>"
        )
        for one in needs.selectors
    )
    return _finding(domain, "warning", said, next_="publish", records=records)


# DMARC.


async def _dmarc(sending: Sending, names: Names, *, seen: _Seen) -> list[Finding]:
    domain = sending.domain
    try:
        place, found = await _policy(domain, names)
    except Wrong as fault:
        hint = f"leave one good record at _dmarc.{domain}"
        return [_finding(domain, "error", f"DMARC: {fault}", next_=hint)]
    if found is None:
        record = txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
        said = "DMARC: there is no policy; large receivers ask for one"
        return [_finding(domain, "warning", said, next_="publish", records=(record,))]
    policy = found.policy if place == domain else found.sub_policy
    return [_aligned(domain, one, policy=policy, seen=seen) for one in sending.through]


def _aligned(domain: str, needs: Needs, *, policy: str, seen: _Seen) -> Finding:
    name = needs.connector
    by = [kind for kind, known in (("SPF", seen.spf), ("DKIM", seen.dkim)) if known.get(name)]
    said = f"DMARC: policy {policy}, mail through {name} is"
    if by:
        return _finding(domain, "good", f"{said} aligned by {' and '.join(by)}")
    if name not in seen.spf or name not in seen.dkim:
        hint = f"give connector.smtp.{name} its spf and dkim_selectors"
        level: Level = "note" if policy == "none" else "warning"
        return _finding(domain, level, f"{said} aligned or not: not known", next_=hint)
    hint = "publish what is missing above, or send as the team through its own provider"
    if policy == "none":
        return _finding(domain, "warning", f"{said} not aligned", next_=hint)
    fate = "refused" if policy == "reject" else "put aside as spam"
    return _finding(domain, "error", f"{said} not aligned and will be {fate}", next_=hint)


async def _policy(domain: str, names: Names) -> tuple[str, Dmarc | None]:
    """The domain's own record, else that of the organisation above it: RFC 9989 section 4.10."""
    own = await _record(domain, names)
    if own is not None:
        return domain, own
    highest: tuple[str, Dmarc | None] = ("", None)
    labels = domain.split(".")
    rest = labels[-(MOST_LABELS - 1) :] if len(labels) > MOST_LABELS else labels[1:]
    while rest:
        place = ".".join(rest)
        found = await _record(place, names)
        if found is not None and found.boundary == "y":
            # The registry's own: the organisation is one label below, and has no record.
            return highest if highest[1] else (place, found)
        if found is not None:
            highest = (place, found)
            if found.boundary == "n":
                break
        rest = rest[1:]
    return highest


async def _record(domain: str, names: Names) -> Dmarc | None:
    try:
        return read_dmarc(await names.texts(f"_dmarc.{domain}"))
    except NoSuchName:
        return None


def _finding(
    domain: str, level: Level, said: str, *, next_: str = "", records: tuple[str, ...] = ()
) -> Finding:
    return Finding("dns", domain, level, said, next=next_, records=records)
