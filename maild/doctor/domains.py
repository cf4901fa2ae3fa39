"""Whether receivers believe the mail of a domain: SPF, DKIM and DMARC together.

Only the domain in From counts for DMARC, and one of SPF and DKIM has to be aligned with it
(portal_security.md section 6). Keys are looked for at that domain, so they are aligned by their
place; SPF belongs to the domain of the envelope, which may be another.
"""

from __future__ import annotations

from maild.doctor.dkim import judge_dkim
from maild.doctor.dmarc import Ruling, of_one_organisation, ruling
from maild.doctor.dns import Names, NoAnswer, NoSuchName
from maild.doctor.finding import Finding, Level, dns, txt
from maild.doctor.records import Wrong
from maild.doctor.sender import Needs, Sending
from maild.doctor.spf import judge_spf


async def look_at(sending: Sending, names: Names) -> list[Finding]:
    """Everything that is to be said about one sending domain."""
    domain = sending.domain
    try:
        await names.texts(domain)
        return await _judge(sending, names)
    except NoSuchName:
        said = f"the domain does not exist; {', '.join(sending.teams)} sends as it"
        return [dns(domain, "error", said, next_="correct `from` of the team")]
    except NoAnswer as fault:
        hint = "look at this machine's name servers, or name others as maild.resolver"
        return [dns(domain, "error", f"cannot be looked up: {fault}", next_=hint)]


async def _judge(sending: Sending, names: Names) -> list[Finding]:
    domain = sending.domain
    found = [_own(domain, one) for one in sending.through if domain in one.owns]
    through = tuple(one for one in sending.through if domain not in one.owns)
    if not through:
        return found
    by_spf: dict[str, bool] = {}
    for envelope in dict.fromkeys(one.envelope or domain for one in through):
        users = [one for one in through if (one.envelope or domain) == envelope]
        spf = await judge_spf(envelope, users, names)
        found += spf.findings
        by_spf |= spf.may_send
    by_dkim: dict[str, bool] = {}
    for one in through:
        more, has_key = await judge_dkim(domain, one, names)
        found += more
        if has_key is not None:
            by_dkim[one.connector] = has_key
    return [*found, *await _dmarc(domain, through, names=names, proofs=(by_spf, by_dkim))]


async def _dmarc(
    domain: str,
    through: tuple[Needs, ...],
    *,
    names: Names,
    proofs: tuple[dict[str, bool], dict[str, bool]],
) -> list[Finding]:
    """Judge each connector; `proofs` say, by its name, what SPF and DKIM gave, where that is known."""
    by_spf, by_dkim = proofs
    try:
        ruled = await ruling(domain, names)
        if ruled is None:
            return [_no_policy(domain)]
        found = []
        for one in through:
            spf = by_spf.get(one.connector)
            if spf and not await _is_aligned(domain, one, ruled, names=names):
                spf = False
            known = {"SPF": spf, "DKIM": by_dkim.get(one.connector)}
            found.append(_alignment(domain, one, policy=ruled.policy, proofs=known))
    except Wrong as fault:
        hint = f"leave one good record at _dmarc.{domain}"
        return [dns(domain, "error", f"DMARC: {fault}", next_=hint)]
    return found


async def _is_aligned(domain: str, needs: Needs, ruled: Ruling, *, names: Names) -> bool:
    envelope = needs.envelope or domain
    if ruled.strict_spf:
        return envelope == domain
    return await of_one_organisation(envelope, domain, names)


def _own(domain: str, needs: Needs) -> Finding:
    said = f"connector {needs.connector} is of those who own the domain; its records are theirs"
    return dns(domain, "good", said)


def _no_policy(domain: str) -> Finding:
    record = txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
    said = "DMARC: there is no policy; large receivers ask for one"
    return dns(domain, "warning", said, next_="publish", records=(record,))


def _alignment(
    domain: str, needs: Needs, *, policy: str, proofs: dict[str, bool | None]
) -> Finding:
    """What the policy means for mail through one connector; None in `proofs` is not known."""
    name = needs.connector
    said = f"DMARC: policy {policy}, mail through {name} is"
    if by := [proof for proof, known in proofs.items() if known]:
        return dns(domain, "good", f"{said} aligned by {' and '.join(by)}")
    if None in proofs.values():
        hint = f"give connector.smtp.{name} its spf and dkim_selectors"
        level: Level = "note" if policy == "none" else "warning"
        return dns(domain, level, f"{said} aligned or not: not known", next_=hint)
    hint = "publish what is missing above, or send as the team through its own provider"
    if policy == "none":
        return dns(domain, "warning", f"{said} not aligned", next_=hint)
    fate = "refused" if policy == "reject" else "put aside as spam"
    return dns(domain, "error", f"{said} not aligned and will be {fate}", next_=hint)
