"""What receivers would make of a domain's mail, told from a name server of our own."""

from __future__ import annotations

import pytest

from maild.doctor.dns import Names
from maild.doctor.domains import look_at
from maild.doctor.finding import Finding
from maild.doctor.sender import Needs, Sending
from maild.render.said import said_in
from tests.doctor.test_records import a_key
from tests.servers.names import NameServer
from tests.servers.ports import LOOPBACK

DOMAIN = "acme.example"
NEEDS = Needs("m365", spf="include:spf.provider.example", selectors=("s1", "s2"))
KEY = a_key()
GOOD: dict[str, list[str] | str] = {
    DOMAIN: ["some-verification=1", "v=spf1 mx include:spf.provider.example -all"],
    "spf.provider.example": ["v=spf1 ip4:192.0.2.0/24 include:more.provider.example -all"],
    "more.provider.example": ["v=spf1 ip6:2001:db8::/32 -all"],
    f"s1._domainkey.{DOMAIN}": "s1-acme.dkim.provider.example",
    "s1-acme.dkim.provider.example": [KEY],
    f"_dmarc.{DOMAIN}": ["v=DMARC1; p=reject"],
}


async def told(server: NameServer, *, needs: Needs = NEEDS, domain: str = DOMAIN) -> list[Finding]:
    """What is found about the domain; a page says each of it in Dutch too."""
    sending = Sending(domain, ("acme",), (needs,))
    found = await look_at(sending, Names([(LOOPBACK, server.port)]))
    assert [one.said for one in found if not said_in(one.said, "nl").words] == []
    return found


def lines(found: list[Finding], *levels: str) -> list[str]:
    return [one.said for one in found if one.level in levels]


async def test_a_domain_in_order_has_nothing_wrong_with_it(name_server: NameServer) -> None:
    name_server.zone = GOOD
    found = await told(name_server)
    assert {one.level for one in found} == {"good"}
    assert lines(found, "good") == [
        "SPF: connector m365 may send (include:spf.provider.example; 3 of 10 look-ups)",
        "DKIM: connector m365 has its key (s1)",
        "DMARC: policy reject, mail through m365 is aligned by SPF and DKIM",
    ]


async def test_a_domain_without_anything_gets_records_to_paste(name_server: NameServer) -> None:
    name_server.zone = {DOMAIN: ["some-verification=1"]}
    found = await told(name_server)
    assert [one.level for one in found] == ["warning"] * 3
    assert [record for one in found for record in one.records] == [
        'acme.example. IN TXT "v=spf1 include:spf.provider.example ~all"',
        's1._domainkey.acme.example. IN TXT "v=DKIM1; k=rsa; p=<the public key of m365>"',
        's2._domainkey.acme.example. IN TXT "v=DKIM1; k=rsa; p=<the public key of m365>"',
        '_dmarc.acme.example. IN TXT "v=DMARC1; p=none; rua=mailto:postmaster@acme.example"',
    ]


@pytest.mark.parametrize(
    ("policy", "level", "fate"),
    [
        ("none", "warning", "not aligned"),
        ("quarantine", "error", "put aside as spam"),
        ("reject", "error", "will be refused"),
    ],
)
async def test_mail_that_will_be_refused_is_an_error(
    name_server: NameServer, policy: str, level: str, fate: str
) -> None:
    name_server.zone = {DOMAIN: ["v=spf1 mx -all"], f"_dmarc.{DOMAIN}": [f"v=DMARC1; p={policy}"]}
    found = await told(name_server)
    assert [one.level for one in found][-1] == level
    assert fate in found[-1].said
    assert found[0].records == (
        'acme.example. IN TXT "v=spf1 mx include:spf.provider.example -all"',
    )


async def test_one_of_both_is_enough_to_be_aligned(name_server: NameServer) -> None:
    name_server.zone = GOOD | {DOMAIN: ["v=spf1 mx -all"]}
    assert (await told(name_server))[-1].said.endswith("aligned by DKIM")
    name_server.zone = {key: value for key, value in GOOD.items() if "dkim" not in key}
    del name_server.zone[f"s1._domainkey.{DOMAIN}"]
    assert (await told(name_server))[-1].said.endswith("aligned by SPF")


async def test_what_a_connector_needs_is_asked_for_where_nobody_knows(
    name_server: NameServer,
) -> None:
    name_server.zone = GOOD
    found = await told(name_server, needs=Needs("relay"))
    assert [one.level for one in found] == ["note", "note", "warning"]
    assert "connector.smtp.relay.spf" in found[0].next
    assert "connector.smtp.relay.dkim_selectors" in found[1].next


async def test_a_domain_that_is_the_providers_own_needs_nothing(name_server: NameServer) -> None:
    name_server.zone = {"gmail.com": ["v=spf1 redirect=_spf.google.com"]}
    found = await told(
        name_server, needs=Needs("box", owns=frozenset({"gmail.com"})), domain="gmail.com"
    )
    assert [one.level for one in found] == ["good"]


async def test_a_record_that_another_stands_for_covers_who_is_in_it(
    name_server: NameServer,
) -> None:
    name_server.zone = GOOD | {DOMAIN: ["v=spf1 redirect=spf.provider.example"]}
    assert {one.level for one in await told(name_server)} == {"good"}


SPF_TROUBLE = {
    "too many look-ups": (
        {DOMAIN: [f"v=spf1 {' '.join(f'include:n{n}.example' for n in range(11))} -all"]}
        | {f"n{n}.example": ["v=spf1 -all"] for n in range(11)},
        "more than 10 look-ups",
    ),
    "a circle": ({DOMAIN: [f"v=spf1 include:{DOMAIN} -all"]}, "more than 10 look-ups"),
    "nothing included": (
        {DOMAIN: ["v=spf1 include:gone.example -all"]},
        "includes gone.example, which has none",
    ),
    "a wrong one included": (
        {DOMAIN: ["v=spf1 include:x.example -all"], "x.example": ["v=spf1 what"]},
        'x.example, which the record includes: the SPF record has "what"',
    ),
    "two": ({DOMAIN: ["v=spf1 -all", "v=spf1 mx -all"]}, "there are 2 SPF records"),
    "everybody": ({DOMAIN: ["v=spf1 +all"]}, "+all lets everybody send"),
}


@pytest.mark.parametrize(("zone", "said"), SPF_TROUBLE.values(), ids=SPF_TROUBLE)
async def test_an_spf_record_that_does_not_work_is_an_error(
    name_server: NameServer, zone: dict[str, list[str] | str], said: str
) -> None:
    name_server.zone = GOOD | zone
    assert any(said in one for one in lines(await told(name_server), "error"))


async def test_a_record_of_any_length_comes_whole(name_server: NameServer) -> None:
    addresses = " ".join(
        f"ip4:192.0.2.{n}" for n in range(60)
    )  # over one datagram and many strings
    name_server.zone = GOOD | {DOMAIN: [f"v=spf1 {addresses} include:spf.provider.example -all"]}
    assert {one.level for one in await told(name_server)} == {"good"}


async def test_a_key_that_is_weak_or_a_test_or_cut_is_told(name_server: NameServer) -> None:
    weak = a_key(1024).replace("v=DKIM1;", "v=DKIM1; t=y;")
    name_server.zone = GOOD | {"s1-acme.dkim.provider.example": [weak]}
    name_server.zone[f"s2._domainkey.{DOMAIN}"] = [KEY[:-20]]
    warnings = lines(await told(name_server), "warning")
    assert any("the key has 1024 bits" in one for one in warnings)
    assert any("marked as a test" in one for one in warnings)
    assert any("s2: the key" in one for one in warnings)


@pytest.mark.parametrize(
    ("zone", "said"),
    [
        ({"_dmarc.acme.example": ["v=DMARC1; p=none; sp=reject"]}, "policy reject"),
        ({"_dmarc.acme.example": ["v=DMARC1; p=quarantine"]}, "policy quarantine"),
        # The registry's own record stands above that of the organisation, and gives way to it.
        (
            {"_dmarc.acme.example": ["v=DMARC1; p=reject"], "_dmarc.example": ["v=DMARC1; psd=y"]},
            "policy reject",
        ),
        ({"_dmarc.example": ["v=DMARC1; p=reject; psd=y"]}, "policy reject"),
    ],
    ids=["sp", "p", "below a registry", "a registry's"],
)
async def test_a_sub_domain_has_the_policy_of_its_organisation(
    name_server: NameServer, zone: dict[str, list[str] | str], said: str
) -> None:
    domain = "post.acme.example"
    name_server.zone = {domain: GOOD[DOMAIN], "spf.provider.example": ["v=spf1 -all"]} | zone
    assert said in (await told(name_server, domain=domain))[-1].said


@pytest.mark.parametrize(
    ("envelope", "tags", "by"),
    [
        ("bounces.acme.example", "", "aligned by SPF"),
        ("bounces.acme.example", "; aspf=s", "not aligned and will be refused"),
        ("bounces.relay.example", "", "not aligned and will be refused"),
    ],
    ids=["a sub-domain", "a sub-domain, strictly", "another's"],
)
async def test_an_envelope_of_its_own_counts_where_it_is_aligned(
    name_server: NameServer, envelope: str, tags: str, by: str
) -> None:
    spf = ["v=spf1 include:spf.provider.example -all"]
    name_server.zone = {
        DOMAIN: ["v=spf1 -all"],
        envelope: spf,
        "spf.provider.example": ["v=spf1 -all"],
        f"_dmarc.{DOMAIN}": [f"v=DMARC1; p=reject{tags}"],
    }
    needs = Needs("relay", envelope=envelope, spf=NEEDS.spf, selectors=("s1",))
    found = await told(name_server, needs=needs)
    assert found[0].about == envelope
    assert found[0].level == "good"
    assert found[-1].said.endswith(by)


async def test_a_domain_that_does_not_exist_is_an_error(name_server: NameServer) -> None:
    name_server.zone = {"other.example": ["x"]}
    assert lines(await told(name_server), "error") == [
        "the domain does not exist; acme sends as it"
    ]


@pytest.mark.parametrize("name", [DOMAIN, f"_dmarc.{DOMAIN}", "spf.provider.example"])
async def test_name_servers_that_fail_are_told_as_such(name_server: NameServer, name: str) -> None:
    name_server.zone = GOOD
    name_server.failing = {name}
    found = await told(name_server)
    assert [one.level for one in found] == ["error"]
    assert f"cannot be looked up: {name}: every name server failed" in found[0].said


async def test_a_domain_of_other_letters_is_asked_for_as_dns_knows_it(
    name_server: NameServer,
) -> None:
    name_server.zone = {
        "xn--bcher-kva.example": GOOD[DOMAIN],
        "spf.provider.example": ["v=spf1 -all"],
    }
    found = await told(name_server, domain="bücher.example")
    assert found[0].level == "good"


async def test_a_name_that_is_none_is_no_bug(name_server: NameServer) -> None:
    found = await told(name_server, domain="a..example")
    assert [one.level for one in found] == ["error"]


async def test_nothing_is_asked_twice(name_server: NameServer) -> None:
    name_server.zone = GOOD
    await told(name_server, needs=NEEDS)
    assert len(name_server.asked) == len(set(name_server.asked))
