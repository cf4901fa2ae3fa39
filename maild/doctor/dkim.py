"""The DKIM keys of one domain: there under the connector's selectors, whole, and long enough."""

from __future__ import annotations

from collections.abc import Iterator

from maild.doctor.dns import Names, NoSuchName
from maild.doctor.finding import PUBLISH, Finding, dns, txt
from maild.doctor.records import Dkim, Wrong, read_dkim
from maild.doctor.sender import Needs
from maild.model.said import Said, placed


async def judge_dkim(domain: str, needs: Needs, names: Names) -> tuple[list[Finding], bool | None]:
    """What was found, and whether the connector has a key; None: not known. Raises NoAnswer."""
    if not needs.selectors:
        name = needs.connector
        english = f"DKIM: with which key connector {name} signs is not known"
        said = Said("dkim_unknown", english, connector=name)
        english = f"name its selectors as connector.smtp.{name}.dkim_selectors"
        hint = Said("name_selectors", english, connector=name)
        return [dns(domain, "note", said, next_=hint)], None
    found: list[Finding] = []
    good: list[str] = []
    for selector in needs.selectors:
        try:
            key = read_dkim(await names.texts(f"{selector}._domainkey.{domain}"))
        except NoSuchName:
            continue
        except Wrong as fault:
            hint = Said("publish_key_anew", "publish the key anew, whole")
            found.append(
                dns(domain, "warning", placed(f"DKIM {selector}", fault.args[0]), next_=hint)
            )
            continue
        if key is not None:
            found += _remarks(domain, selector, key)
            good += [] if key.testing else [selector]
    if good:
        name, selectors = needs.connector, ", ".join(good)
        english = f"DKIM: connector {name} has its key ({selectors})"
        said = Said("dkim_there", english, connector=name, selectors=selectors)
        return [dns(domain, "good", said), *found], True
    return found or [_no_key(domain, needs)], False


def _remarks(domain: str, selector: str, key: Dkim) -> Iterator[Finding]:
    if key.testing:
        english = f"DKIM {selector}: the key is marked as a test (t=y), so it counts for nothing"
        said = Said("dkim_testing", english, selector=selector)
        hint = Said("take_test_out", "take t=y out of the record")
        yield dns(domain, "warning", said, next_=hint)
    if key.weak:
        english = f"DKIM {selector}: the key has {key.bits} bits"
        said = Said("dkim_weak", english, selector=selector, bits=key.bits)
        hint = Said("make_longer_key", "make one of 2,048 bits")
        yield dns(domain, "warning", said, next_=hint)


def _no_key(domain: str, needs: Needs) -> Finding:
    name, selectors = needs.connector, ", ".join(needs.selectors)
    english = f"DKIM: connector {name} has no key here ({selectors})"
    said = Said("dkim_missing", english, connector=name, selectors=selectors)
    if needs.how:
        return dns(domain, "warning", said, next_=needs.how)
    value = f"v=DKIM1; k=rsa; p=<the public key of {needs.connector}>"
    records = tuple(txt(f"{one}._domainkey.{domain}", value) for one in needs.selectors)
    return dns(domain, "warning", said, next_=PUBLISH, records=records)
