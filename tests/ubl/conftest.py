"""The official judges of UBL, each started once."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from lxml import etree

from tests.ubl.official import CenRules

Expected = dict[str, Any]


@pytest.fixture(scope="session")
def cen_rules() -> Iterator[CenRules]:
    """The official EN 16931 rules."""
    with CenRules() as rules:
        yield rules


@pytest.fixture(scope="session")
def schema_errors(shared: Path) -> Callable[[bytes], list[str]]:
    """Tell what the OASIS UBL 2.1 schema says against a document."""
    folder = shared / "artefacts/oasis-ubl-2.1/xsdrt/maindoc"
    schemas = {
        root: etree.XMLSchema(etree.parse(folder / f"UBL-{root}-2.1.xsd"))
        for root in ("Invoice", "CreditNote", "Quotation")
    }

    def errors(data: bytes) -> list[str]:
        root = etree.fromstring(data)
        schema = schemas[etree.QName(root).localname]
        schema.validate(root)
        return [str(one) for one in schema.error_log]

    return errors


@pytest.fixture(scope="session")
def corpus(shared: Path) -> Callable[[str], bytes]:
    """Read a file of the UBL corpus by its name in expected.jsonl."""
    return lambda name: (shared / "corpus/ubl" / name).read_bytes()


@pytest.fixture(scope="session")
def whole_documents(shared: Path) -> list[Expected]:
    """The lines of expected.jsonl about whole documents."""
    lines = (shared / "corpus/ubl/expected.jsonl").read_text("utf-8").splitlines()
    return [one for one in map(json.loads, lines) if one["kind"] == "document"]


@pytest.fixture(scope="session")
def official_codes(shared: Path) -> dict[str, set[str]]:
    """The code lists of CEN's artefacts, by the rule that asks for them."""
    rules = shared / "artefacts/cen-en16931-1.3.16/EN16931-UBL-validation-preprocessed.sch"
    tests = re.findall(r'id="(BR-CL-\d+)" [^>]*test="([^"]*)"', rules.read_text("utf-8"))
    # A list stands in the test as one string with blanks before, between and after its codes.
    return {rule: set(" ".join(re.findall(r"' ([^']+) '", test)).split()) for rule, test in tests}
