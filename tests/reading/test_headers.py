"""Header values: the short way to an address says what the standard parser says."""

from __future__ import annotations

from email.utils import getaddresses

from hypothesis import example, given
from hypothesis import strategies as st

from maild.reading.headers import addresses

NAMES = st.sampled_from(["", "Acme ", "A & B - C ", "x_1 ", "Acme B.V. ", '"Acme, B.V." ', "é "])
LOCAL = st.text("aB1.-+_", min_size=1, max_size=6)
DOMAIN = st.text("ab1.-", min_size=1, max_size=6)


@given(NAMES, LOCAL, DOMAIN, st.sampled_from(["{}", "<{}>"]))
@example("Acme ", "facturen", "acme.example", "<{}>")
def test_an_address_is_the_one_that_the_standard_parser_finds(
    name: str, local: str, domain: str, form: str
) -> None:
    value = name + form.format(f"{local}@{domain}") if "<" in form else f"{local}@{domain}"
    found = [address for _, address in getaddresses([value]) if "@" in address[1:-1]]
    assert list(addresses(value)) == found
