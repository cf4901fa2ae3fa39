"""A safe XML parser, short names for UBL's namespaces, and the few moves that reading and writing need.

It knows how UBL is spelled and nothing of what it means. Names are written with UBL's usual
prefixes ("cbc:ID"), paths with a slash ("cac:Party/cbc:EndpointID"); what a document itself calls
its prefixes does not matter.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import date
from decimal import Decimal
from functools import cache
from typing import TypeAlias

from lxml import etree

from maild.errors import Unreadable

Element: TypeAlias = etree._Element  # noqa: SLF001 -- lxml has no public name for it

# Larger than any mail that the door takes, so that the door's own limit speaks first.
MAX_BYTES = 30_000_000

# The deepest UBL that anybody writes is below 20 levels; libxml2 itself would bear 2,048.
MAX_DEPTH = 64

# An invoice of a thousand lines has about 40,000 elements. Half a million bear 12,000 lines, and
# are read in less than ten seconds however they are spent (as empty lines, at worst).
MAX_ELEMENTS = 500_000

# libxml2 counts by itself, in a sixth of the time that a walk takes here.
_TOO_DEEP = etree.XPath(f"boolean({'/*' * (MAX_DEPTH + 1)})")
_COUNT = etree.XPath("count(/descendant-or-self::*)")

_UBL = "urn:oasis:names:specification:ubl:schema:xsd:"
NAMESPACES = {
    "cbc": f"{_UBL}CommonBasicComponents-2",
    "cac": f"{_UBL}CommonAggregateComponents-2",
    "ext": f"{_UBL}CommonExtensionComponents-2",
}


def parse(data: bytes, *, max_bytes: int = MAX_BYTES) -> Element:
    """Parse XML of strangers and return its root element.

    Comments and processing instructions are left out, so that a comment inside a value cannot hide
    half of it. A DOCTYPE is refused: UBL never has one, and an entity that it declares would be
    dropped silently and change a value (purchase_reading.md C1).
    Raises Unreadable with one sentence for a person.
    """
    if len(data) > max_bytes:
        raise Unreadable(
            f"the XML is {len(data):,} bytes long; maild reads at most {max_bytes:,} bytes"
        )
    if not data.strip():
        raise Unreadable("the file is empty; an invoice as UBL (XML) is expected")
    try:
        root = etree.fromstring(data, _parser())
    except (etree.XMLSyntaxError, LookupError, ValueError) as error:
        raise Unreadable(
            f"this is not well-formed XML ({_reason(error)}); "
            "ask the sender's program to export the UBL again",
            detail=str(error),
        ) from error
    if root.getroottree().docinfo.doctype:
        raise Unreadable(
            "the XML begins with a DOCTYPE, which UBL never has; maild does not read such files"
        )
    _measure(root)
    return root


def tostring(root: Element) -> bytes:
    """Serialise as UTF-8 with a declaration, two blanks a level; the same tree gives the same bytes."""
    etree.indent(root, space="  ")
    written: bytes = etree.tostring(root, encoding="UTF-8", xml_declaration=True)
    return written + b"\n"


@cache
def tag(name: str) -> str:
    """The full name of "cbc:ID" as lxml spells it: "{namespace}ID"."""
    prefix, local = name.split(":")
    return f"{{{NAMESPACES[prefix]}}}{local}"


def document_tag(local: str) -> str:
    """The full name of a UBL document's root element, such as "Invoice"."""
    return f"{{{_UBL}{local}-2}}{local}"


def document_name(root: Element) -> str | None:
    """The root's local name when it is a document of UBL 2, else None."""
    name = etree.QName(root)
    return name.localname if root.tag == document_tag(name.localname) else None


def short(element: Element) -> str:
    """The element's name with UBL's usual prefix, for messages: "cbc:ID", "Invoice"."""
    name = etree.QName(element)
    for prefix, namespace in NAMESPACES.items():
        if name.namespace == namespace:
            return f"{prefix}:{name.localname}"
    return str(name.localname)


def child(at: Element | None, path: str) -> Element | None:
    """The first element at a path of names below `at`; None if any step is missing."""
    for name in _steps(path):
        if at is None:
            return None
        at = next(at.iterchildren(name), None)
    return at


def children(at: Element | None, name: str) -> Iterator[Element]:
    """All children of that name, in document order."""
    return iter(()) if at is None else at.iterchildren(tag(name))


def text(at: Element | None, path: str = "") -> str | None:
    """The text at a path, without the white space around it; None when absent or empty."""
    found = child(at, path) if path else at
    if found is None or found.text is None:
        return None
    return found.text.strip() or None


def attribute(at: Element | None, name: str) -> str | None:
    """An attribute's value without the white space around it; None when absent or empty."""
    if at is None:
        return None
    return (at.get(name) or "").strip() or None


def put(
    parent: Element, name: str, value: str | Decimal | date | None, /, **attributes: str | None
) -> None:
    """Append a leaf with a value; without a value append nothing (UBL wants no empty elements)."""
    if value is None or value == "":
        return
    leaf = etree.SubElement(parent, tag(name))
    leaf.text = f"{value:f}" if isinstance(value, Decimal) else str(value)
    for key, said in attributes.items():
        if said:
            leaf.set(key, said)


def group(parent: Element, name: str) -> Element:
    """Append an element that will hold others; see `prune` for those that stay empty."""
    return etree.SubElement(parent, tag(name))


def prune(parent: Element, element: Element) -> None:
    """Take an element out of its parent again if nothing was put in it."""
    if len(element) == 0 and not element.text:
        parent.remove(element)


def new_document(local: str) -> Element:
    """An empty UBL document with its namespaces declared once."""
    namespaces: dict[str | None, str] = {None: f"{_UBL}{local}-2"}
    namespaces |= {prefix: NAMESPACES[prefix] for prefix in ("cac", "cbc")}
    return etree.Element(document_tag(local), nsmap=namespaces)


@cache
def _steps(path: str) -> tuple[str, ...]:
    return tuple(tag(name) for name in path.split("/"))


def _parser() -> etree.XMLParser:
    # huge_tree lifts the limit of 10 MB on one text, which a PDF of 7.5 MB in base64 passes;
    # the guard against entity bombs stays on (purchase_reading.md C1). A parser of its own for
    # each document: lxml parsers are not shared between threads without a lock.
    return etree.XMLParser(
        resolve_entities=False,
        no_network=True,
        load_dtd=False,
        dtd_validation=False,
        huge_tree=True,
        remove_comments=True,
        remove_pis=True,
    )


def _measure(root: Element) -> None:
    """Refuse trees that are too deep or too large to be a bill."""
    if _TOO_DEEP(root):
        raise Unreadable(f"the XML is nested more than {MAX_DEPTH} levels deep; no UBL document is")
    if _COUNT(root) > MAX_ELEMENTS:
        raise Unreadable(f"the XML has more than {MAX_ELEMENTS:,} elements; no bill has")


def _reason(error: Exception) -> str:
    """The parser's own words, shortened: they may quote the document."""
    return " ".join(str(error).split())[:160]
