"""The older XML interface: upload, download and the list of companies.

An upload answers 200 whatever happens; each message says what became of one thing: 0 error,
1 warning, 2 success, 3 fatal. Bookings whose number is taken are refused here, which REST does not.
Only two topics are taken in (Accounts, GLTransactions), and plain master data is given out.
"""

from __future__ import annotations

import xml.etree.ElementTree as ET
from collections.abc import Callable
from datetime import datetime
from typing import Final
from urllib.parse import parse_qsl

from maild.simulators.exact.refusal import Refusal
from maild.simulators.exact.world import Book, World
from maild.simulators.exact.writing import Writing
from maild.simulators.http_wire import Answer, Asked

UPLOAD: Final = "/docs/XMLUpload.aspx"
DOWNLOAD: Final = "/docs/XMLDownload.aspx"
DIVISIONS: Final = "/docs/XMLDivisions.aspx"
PAGE: Final = 1_000
ERROR, SUCCESS, FATAL = 0, 2, 3
# What each topic lists, as (element, entity).
_TOPICS: Final = {
    "Accounts": ("Account", "crm/Accounts"),
    "GLAccounts": ("GLAccount", "financial/GLAccounts"),
    "Journals": ("Journal", "financial/Journals"),
    "VATs": ("VAT", "vat/VATCodes"),
    "PaymentConditions": ("PaymentCondition", "cashflow/PaymentConditions"),
    "Items": ("Item", "logistics/Items"),
}
_BOOKED: Final = "xml/GLTransactions"


def division_of(asked: Asked) -> int | None:
    """The company that a call names in `_Division_`."""
    text = dict(parse_qsl(asked.query)).get("_Division_", "")
    return int(text) if text.isascii() and text.isdigit() else None


def xml_answer(world: World, writing: Writing, asked: Asked) -> Answer:
    """Carry out a call of the XML interface. Raises Refusal."""
    if asked.path == DIVISIONS:
        return _xml(_divisions(world))
    book = world.books.get(division_of(asked) or 0)
    if book is None or book.blocked:
        raise Refusal(403, "Forbidden.", reason="NoDivisionAccess")
    options = dict(parse_qsl(asked.query))
    topic = options.get("Topic", "")
    if asked.path == DOWNLOAD:
        return _xml(_download(book, topic, after=options.get("TSPaging", "")))
    if asked.method != "POST":
        raise Refusal(405, "Method not allowed.")
    return _xml(_upload(world, writing, book, topic=topic, body=asked.body))


def _divisions(world: World) -> ET.Element:
    root = ET.Element("Administrations")
    for book in world.books.values():
        one = ET.SubElement(root, "Division", Code=str(book.code), HID=str(book.code % 1000))
        ET.SubElement(one, "Description").text = book.name
    return root


def _download(book: Book, topic: str, *, after: str) -> ET.Element:
    root = ET.Element("eExact")
    if topic not in _TOPICS:
        raise Refusal(400, "Unknown topic.")
    name, path = _TOPICS[topic]
    start = int(after, 16) if after else 0
    rows = sorted(book.rows(path).values(), key=lambda row: book.stamps[row["ID"]])
    page = [row for row in rows if book.stamps[row["ID"]] > start][:PAGE]
    holder = ET.SubElement(root, topic)
    for row in page:
        one = ET.SubElement(holder, name, ID=row["ID"], code=str(row.get("Code") or ""))
        about = str(row.get("Name") or row.get("Description") or "")
        ET.SubElement(one, "Name" if path == "crm/Accounts" else "Description").text = about
    last = book.stamps[page[-1]["ID"]] if page else start
    topics = ET.SubElement(root, "Topics")
    told = {"count": str(len(page)), "pagesize": str(PAGE), "ts_d": f"0x{last:016X}"}
    ET.SubElement(topics, "Topic", {"code": topic, **told})
    return root


def _upload(world: World, writing: Writing, book: Book, *, topic: str, body: bytes) -> ET.Element:
    root = ET.Element("eExact")
    messages = ET.SubElement(root, "Messages")
    takers: dict[str, Callable[[ET.Element], str]] = {
        "Accounts": lambda one: _account(writing, book, one),
        "GLTransactions": lambda one: _booking(world, book, one),
    }
    try:
        document = _parsed(body)
    except ValueError as fault:
        _message(world, messages, FATAL, topic=topic, key="", said=str(fault))
        return root
    holder = document.find(topic)
    if topic not in takers or holder is None:
        _message(world, messages, FATAL, topic=topic, key="", said=f"Unknown: Topic {topic}")
        return root
    for one in holder:
        key = one.get("code") or one.get("entry") or ""
        said = takers[topic](one)
        kind = ERROR if said else SUCCESS
        _message(world, messages, kind, topic=topic, key=key, said=said or "Created")
    return root


def _account(writing: Writing, book: Book, one: ET.Element) -> str:
    name = one.findtext("Name") or ""
    values = {"Name": name, "Code": one.get("code"), "Status": one.get("status")}
    try:
        writing.insert(book, "crm/Accounts", {k: v for k, v in values.items() if v})
    except Refusal as refusal:
        return refusal.message
    return ""


def _booking(world: World, book: Book, one: ET.Element) -> str:
    journal, entry = one.find("Journal"), one.get("entry", "")
    code = journal.get("code", "") if journal is not None else ""
    if not code or book.coded("financial/Journals", code) is None:
        return f"Not found: Journal ({code})"
    key = f"{code}/{entry}"
    if entry and key in book.rows(_BOOKED):
        return f"Already exists - Entry number: {entry}, Journal: {code}"
    lines = one.findall("GLTransactionLine")
    if not lines:
        return "Mandatory: GLTransactionLine"
    for line in lines:
        if said := _line(book, line):
            return said
    total = sum(float(line.findtext("Amount/Value") or 0) for line in lines)
    if round(total, 2):
        return f"Out of balance - Difference: EUR {total:.2f}"
    book.put(_BOOKED, key, {"ID": key, "Journal": code, "Entry": entry, "At": world.clock.now()})
    return ""


def _line(book: Book, line: ET.Element) -> str:
    text = line.findtext("Date") or ""
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return "Mandatory: Date"
    if at.year not in book.years:
        return "Unknown: Financial year (Period-date table)"
    if at.month in book.years[at.year]:
        return "Period is closed"
    for name, path in (("GLAccount", "financial/GLAccounts"), ("Account", "crm/Accounts")):
        found = line.find(name)
        if found is not None and book.coded(path, found.get("code", "")) is None:
            return f"Not found: {name} ({found.get('code', '')})"
    return ""


def _message(
    world: World, messages: ET.Element, kind: int, *, topic: str, key: str, said: str
) -> None:
    one = ET.SubElement(messages, "Message", type=str(kind))
    about = ET.SubElement(one, "Topic", code=topic)
    ET.SubElement(about, "Data", key=key, keyAlt=key)
    ET.SubElement(one, "Date").text = f"{world.clock.now():%Y-%m-%dT%H:%M:%S}"
    ET.SubElement(one, "Description").text = said


def _parsed(body: bytes) -> ET.Element:
    """The root of an upload; a declaration of a document type is refused, as everywhere."""
    if b"<!" in body:
        raise ValueError("a document type is declared")
    try:
        root = ET.fromstring(body)  # noqa: S314 - nothing in it can refer to anything, see above
    except ET.ParseError as fault:
        raise ValueError(f"Invalid: XML ({fault})") from fault
    if root.tag != "eExact":
        raise ValueError("Invalid: XML (eExact)")
    return root


def _xml(root: ET.Element) -> Answer:
    body = ET.tostring(root, encoding="utf-8", xml_declaration=True)
    return Answer(200, body, {"Content-Type": "text/xml; charset=utf-8"})
