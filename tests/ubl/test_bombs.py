"""XML that is meant to take all the time or memory there is: it ends soon, and with a sentence."""

from __future__ import annotations

import time
from collections.abc import Callable

import pytest

from maild.errors import DocumentError, Incomplete, Unreadable
from maild.ubl.document import look, read
from maild.ubl.xml import MAX_ELEMENTS

UBL = "urn:oasis:names:specification:ubl:schema:xsd"
NAMESPACES = (
    f'xmlns="{UBL}:Invoice-2" xmlns:cbc="{UBL}:CommonBasicComponents-2" '
    f'xmlns:cac="{UBL}:CommonAggregateComponents-2"'
)
# An idle core needs a tenth of it.
SECONDS = 10


def _invoice(inside: str = "", *, attributes: str = "", before: str = "") -> bytes:
    return f"{before}<Invoice {NAMESPACES}{attributes}>{inside}</Invoice>".encode()


def _laughs(*, attribute: bool) -> bytes:
    """Ten entities, each ten times the one before: ten thousand million times three letters."""
    entities = "".join(f'<!ENTITY e{n} "{f"&e{n - 1};" * 10}">' for n in range(1, 11))
    before = f'<!DOCTYPE Invoice [<!ENTITY e0 "lol">{entities}]>'
    if attribute:
        return _invoice(attributes=' x="&e10;"', before=before)
    return _invoice("<cbc:ID>&e10;</cbc:ID>", before=before)


def _blowup(*, attribute: bool) -> bytes:
    """One long entity many times: no nesting, so that counting levels does not stop it."""
    before = f'<!DOCTYPE Invoice [<!ENTITY e "{"x" * 100_000}">]>'
    if attribute:
        return _invoice(attributes=f' x="{"&e;" * 100_000}"', before=before)
    return _invoice(f"<cbc:ID>{'&e;' * 100_000}</cbc:ID>", before=before)


@pytest.mark.parametrize(
    ("make", "said"),
    [
        pytest.param(lambda: _laughs(attribute=False), "", id="laughs in text"),
        pytest.param(lambda: _laughs(attribute=True), "", id="laughs in an attribute"),
        pytest.param(lambda: _blowup(attribute=False), "", id="one long entity in text"),
        pytest.param(lambda: _blowup(attribute=True), "", id="one long entity in an attribute"),
        pytest.param(
            lambda: _invoice("<cac:Party>" * 1_000_000), "not well-formed", id="levels never closed"
        ),
        pytest.param(
            lambda: _invoice("<cbc:Note/>" * (MAX_ELEMENTS + 1)), "elements", id="many elements"
        ),
        pytest.param(lambda: b" " * 30_000_000, "empty", id="nothing but blanks"),
    ],
)
def test_a_bomb_is_unreadable(make: Callable[[], bytes], said: str) -> None:
    [problem] = _refused(make(), Unreadable).problems
    assert said in problem.message
    assert len(problem.message) < 400


@pytest.mark.parametrize(
    "make",
    [
        pytest.param(
            lambda: _invoice(attributes="".join(f' a{n}=""' for n in range(2_000_000))),
            id="two million attributes",
        ),
        pytest.param(
            lambda: _invoice(attributes="".join(f' xmlns:n{n}="u{n}"' for n in range(200_000))),
            id="many namespaces",
        ),
        pytest.param(lambda: _invoice("<!---->" * 2_000_000), id="many comments"),
        pytest.param(lambda: _invoice("<?a b?>" * 2_000_000), id="many instructions"),
        pytest.param(lambda: _invoice(f"<cbc:ID>{'1' * 25_000_000}</cbc:ID>"), id="a long number"),
        pytest.param(lambda: _invoice("<cac:AllowanceCharge/>" * 200_000), id="many charges"),
        pytest.param(lambda: _invoice("<cac:InvoiceLine/>" * 100_000), id="many lines"),
    ],
)
def test_a_flood_inside_the_limits_ends_soon_in_business_terms(make: Callable[[], bytes]) -> None:
    fault = _refused(make(), Incomplete)
    assert "BT-115" in {one.where for one in fault.problems}
    assert all(len(one.message) < 300 for one in fault.problems)


def test_a_file_is_not_included_by_xinclude() -> None:
    include = (
        '<cbc:ID><x:include xmlns:x="http://www.w3.org/2001/XInclude" parse="text" '
        'href="file:///etc/hostname"/></cbc:ID>'
    )
    assert look(_invoice(include)).bill.number == ""


def test_no_server_is_asked_for_a_parameter_entity() -> None:
    # Nothing listens there: a parser that tried would fail with another sentence.
    before = '<!DOCTYPE Invoice [<!ENTITY % x SYSTEM "http://127.0.0.1:9/x.dtd"> %x;]>'
    assert "DOCTYPE" in str(_refused(_invoice(before=before), Unreadable))


def _refused(data: bytes, fault: type[DocumentError]) -> DocumentError:
    started = time.process_time()
    with pytest.raises(fault) as caught:
        read(data)
    assert time.process_time() - started < SECONDS
    return caught.value
