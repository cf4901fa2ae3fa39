"""SPF, DKIM and DMARC records as they are found in the wild, right and wrong."""

from __future__ import annotations

import base64
import contextlib

import pytest
from cryptography.hazmat.primitives.asymmetric import ed25519, rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat
from hypothesis import given
from hypothesis import strategies as st

from maild.doctor.finding import txt
from maild.doctor.records import Wrong, read_dkim, read_dmarc, read_spf, spf_with


def a_key(bits: int = 2048) -> str:
    """A DKIM record with a new RSA key."""
    public = rsa.generate_private_key(public_exponent=65537, key_size=bits).public_key()
    der = public.public_bytes(Encoding.DER, PublicFormat.SubjectPublicKeyInfo)
    return f"v=DKIM1; k=rsa; p={base64.b64encode(der).decode()}"


def test_an_spf_record_is_read_word_by_word() -> None:
    spf = read_spf(
        [
            "google-site-verification=x",
            "V=SPF1 ip4:192.0.2.0/24 a/24 MX include:_spf.x.example ~all",
        ]
    )
    assert spf is not None
    assert [one.mechanism for one in spf.terms] == [
        "ip4:192.0.2.0/24", "a:/24", "mx", "include:_spf.x.example", "all",
    ]  # fmt: skip
    assert sum(one.asks for one in spf.terms) == 3
    assert (spf.ending, spf.redirect) == ("~", "")


@pytest.mark.parametrize("texts", [[], ["v=spf10 -all"], ["v=spf1x"], [" v=spf1 -all"]])
def test_what_is_no_spf_record_is_none(texts: list[str]) -> None:
    assert read_spf(texts) is None


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["v=spf1 -all", "v=spf1 mx -all"], "there are 2 SPF records"),
        (["v=spf1 inclde:spf.x.example -all"], '"inclde:spf.x.example", which means nothing'),
        (["v=spf1 include:a,include:b -all !"], '"!", which means nothing'),
    ],
)
def test_an_spf_record_that_receivers_ignore_is_told(texts: list[str], told: str) -> None:
    with pytest.raises(Wrong, match=told):
        read_spf(texts)


@pytest.mark.parametrize(
    ("record", "with_it"),
    [
        (None, "v=spf1 include:x ~all"),
        ("v=spf1 mx -all", "v=spf1 mx include:x -all"),
        ("v=spf1 mx redirect=y.example", "v=spf1 mx include:x redirect=y.example"),
        ("v=spf1 mx", "v=spf1 mx include:x ~all"),
    ],
)
def test_a_mechanism_is_added_before_the_end(record: str | None, with_it: str) -> None:
    spf = read_spf([record]) if record else None
    assert spf_with(spf, "include:x") == with_it


def test_a_dkim_key_is_read_with_its_size() -> None:
    key = read_dkim(["something else", a_key()])
    assert key is not None
    assert (key.kind, key.bits, key.weak, key.testing) == ("rsa", 2048, False, False)
    weak = read_dkim([a_key(1024).replace("k=rsa", "t=s:y")])
    assert weak is not None
    assert (weak.weak, weak.testing) == (True, True)
    raw = ed25519.Ed25519PrivateKey.generate().public_key().public_bytes_raw()
    short = read_dkim([f"k=ed25519; p={base64.b64encode(raw).decode()}"])
    assert short is not None
    assert (short.kind, short.weak) == ("ed25519", False)
    assert read_dkim(["v=spf1 -all"]) is None


@pytest.mark.parametrize(
    ("texts", "told"),
    [
        (["v=DKIM1; p="], "revoked"),
        (["v=DKIM1; p=MIIB!"], "no base64"),
        (["v=DKIM1; p=MIIBIjANBgkq"], "no public key; was it cut off"),
        (["v=DKIM1; p=AAAA", "v=DKIM1; p=BBBB"], "2 keys at one selector"),
    ],
)
def test_a_dkim_key_that_is_not_believed_is_told(texts: list[str], told: str) -> None:
    with pytest.raises(Wrong, match=told):
        read_dkim(texts)


def test_a_dmarc_policy_is_read_with_its_alignment() -> None:
    found = read_dmarc(["v=DMARC1;p=Reject; sp=none; aspf=s; rua=mailto:a@b.example"])
    assert found is not None
    assert (found.policy, found.sub_policy) == ("reject", "none")
    assert (found.strict_spf, found.strict_dkim, found.boundary) == (True, False, "u")
    assert read_dmarc(["v=DMARC12; p=none", "v=spf1 -all"]) is None
    with pytest.raises(Wrong, match='"rejct" is none'):
        read_dmarc(["v=DMARC1; p=rejct"])
    with pytest.raises(Wrong, match="2 DMARC records"):
        read_dmarc(["v=DMARC1; p=none"] * 2)


@given(texts=st.lists(st.text(max_size=60).map("v=spf1 {}".format), max_size=3))
def test_no_text_of_a_stranger_is_a_bug_of_ours(texts: list[str]) -> None:
    more = [*texts, *(one.replace("v=spf1", "v=DKIM1;p=") for one in texts)]
    more += [one.replace("v=spf1", "v=DMARC1;") for one in texts]
    for read in (read_spf, read_dkim, read_dmarc):
        with contextlib.suppress(Wrong):
            read(more)


def test_a_record_is_shown_as_a_zone_takes_it() -> None:
    assert txt("a.example", 'say "x"\\') == 'a.example. IN TXT "say \\"x\\"\\\\"'
    long = txt("a.example", "x" * 300)
    assert long == f'a.example. IN TXT "{"x" * 255}" "{"x" * 45}"'
