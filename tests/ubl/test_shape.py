"""Our tables against the official artefacts they are facts of."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from lxml import etree

from maild.errors import Incomplete
from maild.model.bill import BillKind
from maild.ubl import codes, shape
from maild.ubl.document import read, write
from maild.ubl.xml import short
from tests.builders_bill import a_bill

XSD = "{http://www.w3.org/2001/XMLSchema}"
TYPES = {"PostalAddress": "Address", "LegalMonetaryTotal": "MonetaryTotal"}
TYPES |= {
    "AdditionalItemProperty": "ItemProperty",
    "SellersItemIdentification": "ItemIdentification",
}


@pytest.fixture(scope="session")
def sequences(shared: Path) -> dict[str, list[tuple[str, str, str]]]:
    """By type: the name, least and most of each child, from the OASIS schema."""
    found = {}
    folder = shared / "artefacts/oasis-ubl-2.1/xsdrt"
    files = [folder / "common/UBL-CommonAggregateComponents-2.1.xsd"]
    files += [
        folder / f"maindoc/UBL-{root}-2.1.xsd" for root in ("Invoice", "CreditNote", "Quotation")
    ]
    for file in files:
        for one in etree.parse(file).iter(f"{XSD}complexType"):
            children = [
                (each.get("ref").rpartition(":")[2], each.get("minOccurs"), each.get("maxOccurs"))
                for each in one.iter(f"{XSD}element")
            ]
            found[one.get("name").removesuffix("Type")] = children
    return found


def test_the_order_of_elements_is_that_of_the_schema(
    sequences: dict[str, list[tuple[str, str, str]]],
) -> None:
    for name, words in shape._SEQUENCES.items():
        local = name.rpartition(":")[2]
        official = sequences[TYPES.get(local, local)]
        order = [child for child, _, _ in official]
        ours = [word.rstrip("*!") for word in words.split()]
        assert [child for child in order if child in ours] == ours, name
        for word in words.split():
            _, least, most = next(one for one in official if one[0] == word.rstrip("*!"))
            assert word.endswith("*") == (most == "unbounded"), (name, word)
            assert not word.endswith("!") or least == "1", (name, word)


def test_the_type_codes_are_the_official_ones(official_codes: dict[str, set[str]]) -> None:
    ours = codes.TYPE_CODES[BillKind.INVOICE] | codes.TYPE_CODES[BillKind.CREDIT_NOTE]
    assert official_codes["BR-CL-01"] == ours
    assert all(codes.PEPPOL_TYPE_CODES[kind] < listed for kind, listed in codes.TYPE_CODES.items())


@pytest.mark.parametrize(
    ("old", "new", "where"),
    [
        pytest.param(
            b"<cbc:CityName>",
            b"<cbc:CityName>x</cbc:CityName><cbc:CityName>",
            "cac:PostalAddress",
            id="twice",
        ),
        pytest.param(
            b"<cbc:BuyerReference>PO-7</cbc:BuyerReference>", b"", "", id="absent but optional"
        ),
        pytest.param(
            b"</cbc:PaymentMeansCode>",
            b"</cbc:PaymentMeansCode><cbc:ID>1</cbc:ID>",
            "cac:PaymentMeans",
            id="out of order",
        ),
    ],
)
def test_misplaced_elements_are_refused_by_name(
    old: bytes, new: bytes, where: str, schema_errors: Callable[[bytes], list[str]]
) -> None:
    changed = write(a_bill()).replace(old, new, 1)
    assert bool(schema_errors(changed)) is bool(where)
    if not where:
        read(changed)
        return
    with pytest.raises(Incomplete) as caught:
        read(changed)
    assert [one.where for one in caught.value.problems] == [where]


def test_short_names_are_the_usual_ones_whatever_the_document_calls_them() -> None:
    renamed = write(a_bill()).replace(b"cbc:", b"x:").replace(b":cbc=", b":x=")
    assert read(renamed) == a_bill()
    assert short(etree.fromstring(renamed)[0]) == "cbc:CustomizationID"
