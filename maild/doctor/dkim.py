"""The DKIM keys of one domain: there under the connector's selectors, whole, and long enough."""

from __future__ import annotations

from collections.abc import Iterator

from maild.doctor.dns import Names, NoSuchName
from maild.doctor.finding import Finding, dns, txt
from maild.doctor.records import Dkim, Wrong, read_dkim
from maild.doctor.sender import Needs


async def judge_dkim(domain: str, needs: Needs, names: Names) -> tuple[list[Finding], bool | None]:
    """What was found, and whether the connector has a key; None: not known. Raises NoAnswer."""
    if not needs.selectors:
        said = f"DKIM: with which key connector {needs.connector} signs is not known"
        hint = f"name its selectors as connector.smtp.{needs.connector}.dkim_selectors"
        return [dns(domain, "note", said, next_=hint)], None
    found: list[Finding] = []
    good: list[str] = []
    for selector in needs.selectors:
        try:
            key = read_dkim(await names.texts(f"{selector}._domainkey.{domain}"))
        except NoSuchName:
            continue
        except Wrong as fault:
            said = f"DKIM {selector}: {fault}"
            found.append(dns(domain, "warning", said, next_="publish the key anew, whole"))
            continue
        if key is not None:
            found += _remarks(domain, selector, key)
            good += [] if key.testing else [selector]
    if good:
        said = f"DKIM: connector {needs.connector} has its key ({', '.join(good)})"
        return [dns(domain, "good", said), *found], True
    return found or [_no_key(domain, needs)], False


def _remarks(domain: str, selector: str, key: Dkim) -> Iterator[Finding]:
    if key.testing:
        said = f"DKIM {selector}: the key is marked as a test (t=y), so it counts for nothing"
        yield dns(domain, "warning", said, next_="take t=y out of the record")
    if key.weak:
        said = f"DKIM {selector}: the key has {key.bits} bits"
        yield dns(domain, "warning", said, next_="make one of 2,048 bits")


def _no_key(domain: str, needs: Needs) -> Finding:
    said = f"DKIM: connector {needs.connector} has no key here ({', '.join(needs.selectors)})"
    if needs.how:
        return dns(domain, "warning", said, next_=needs.how)
    value = f"v=DKIM1; k=rsa; p=<the public key of {needs.connector}>"
    records = tuple(txt(f"{one}._domainkey.{domain}", value) for one in needs.selectors)
    return dns(domain, "warning", said, next_="publish", records=records)
