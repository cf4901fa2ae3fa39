"""Whether receivers believe the mail of a domain: SPF, DKIM and DMARC together.

Only the domain in From counts for DMARC, and one of SPF and DKIM has to be aligned with it
(portal_security.md section 6). Keys are looked for at that domain, so they are aligned by their
place; SPF belongs to the domain of the envelope, which may be another.
"""

from __future__ import annotations

from maild.doctor.dkim import judge_dkim
from maild.doctor.dmarc import Ruling, of_one_organisation, ruling
from maild.doctor.dns import Names, NoAnswer, NoSuchName
from maild.doctor.finding import PUBLISH, Finding, Level, dns, txt
from maild.doctor.records import Wrong
from maild.doctor.sender import Needs, Sending
from maild.doctor.spf import judge_spf
from maild.model.said import Said, placed


async def look_at(sending: Sending, names: Names) -> list[Finding]:
    """Everything that is to be said about one sending domain."""
    domain = sending.domain
    try:
        await names.texts(domain)
        return await _judge(sending, names)
    except NoSuchName:
        teams = ", ".join(sending.teams)
        said = Said("no_domain", f"the domain does not exist; {teams} sends as it", teams=teams)
        hint = Said("correct_from", "correct `from` of the team")
        return [dns(domain, "error", said, next_=hint)]
    except NoAnswer as fault:
        english = "look at this machine's name servers, or name others as maild.resolver"
        said = Said("not_looked_up", f"cannot be looked up: {fault}", why=str(fault))
        return [dns(domain, "error", said, next_=Said("see_resolver", english))]


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
        english = f"leave one good record at _dmarc.{domain}"
        hint = Said("leave_one_dmarc", english, domain=domain)
        return [dns(domain, "error", placed("DMARC", fault.args[0]), next_=hint)]
    return found


async def _is_aligned(domain: str, needs: Needs, ruled: Ruling, *, names: Names) -> bool:
    envelope = needs.envelope or domain
    if ruled.strict_spf:
        return envelope == domain
    return await of_one_organisation(envelope, domain, names)


def _own(domain: str, needs: Needs) -> Finding:
    name = needs.connector
    english = f"connector {name} is of those who own the domain; its records are theirs"
    return dns(domain, "good", Said("domain_theirs", english, connector=name))


def _no_policy(domain: str) -> Finding:
    record = txt(f"_dmarc.{domain}", f"v=DMARC1; p=none; rua=mailto:postmaster@{domain}")
    said = Said("dmarc_none", "DMARC: there is no policy; large receivers ask for one")
    return dns(domain, "warning", said, next_=PUBLISH, records=(record,))


def _alignment(
    domain: str, needs: Needs, *, policy: str, proofs: dict[str, bool | None]
) -> Finding:
    """What the policy means for mail through one connector; None in `proofs` is not known."""
    name = needs.connector
    mail = f"DMARC: policy {policy}, mail through {name} is"
    if by := [proof for proof, known in proofs.items() if known]:
        english = f"{mail} aligned by {' and '.join(by)}"
        proof = ", ".join(by)
        good = Said("dmarc_aligned", english, policy=policy, connector=name, proof=proof)
        return dns(domain, "good", good)
    if None in proofs.values():
        english = f"give connector.smtp.{name} its spf and dkim_selectors"
        hint = Said("give_spf_dkim", english, connector=name)
        level: Level = "note" if policy == "none" else "warning"
        english = f"{mail} aligned or not: not known"
        unsure = Said("dmarc_unknown", english, policy=policy, connector=name)
        return dns(domain, level, unsure, next_=hint)
    return _unaligned(domain, name, policy=policy, mail=mail)


def _unaligned(domain: str, name: str, *, policy: str, mail: str) -> Finding:
    english = "publish what is missing above, or send as the team through its own provider"
    hint = Said("publish_missing", english)
    if policy == "none":
        english = f"{mail} not aligned"
        said = Said("dmarc_unaligned", english, policy=policy, connector=name)
        return dns(domain, "warning", said, next_=hint)
    if policy == "reject":
        english = f"{mail} not aligned and will be refused"
        refused = Said("dmarc_refused", english, policy=policy, connector=name)
        return dns(domain, "error", refused, next_=hint)
    english = f"{mail} not aligned and will be put aside as spam"
    aside = Said("dmarc_aside", english, policy=policy, connector=name)
    return dns(domain, "error", aside, next_=hint)
