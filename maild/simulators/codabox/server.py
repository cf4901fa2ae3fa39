"""The calls of CodaBox's API V2 as its stand-in answers them: onboarding, feeds, sales invoices.

Status codes and JSON are those that working clients have met; the upload has the path and the part
names of the world it is given, since the real ones are told to partners only.
"""

from __future__ import annotations

import base64
import json
import re
import secrets
import uuid
from collections.abc import Callable
from email.message import Message
from email.parser import BytesParser
from typing import Any, Final

from maild.simulators.codabox.world import MODELS, Company, Fault, Invoice, World
from maild.simulators.http_wire import Answer, Asked, Ending, Listener

_HTML: Final = {"Content-Type": "text/html; charset=utf-8"}
_PAGE: Final = b"<!doctype html><html><body><h1>We are back soon.</h1></body></html>"
_TYPES: Final = {"cod": "application/vnd.coda", "pdf": "application/pdf", "xml": "application/xml"}
_OPEN: Final = ("request-access-token/", "get-credentials/")  # no login


class No(Exception):
    """A refusal: its status, and `detail`."""

    def __init__(self, status: int, detail: str, code: str = "") -> None:
        super().__init__(detail)
        self.status = status
        self.said = {"detail": detail} | ({"code": code} if code else {})


class CodaBox:
    """The service on loopback. `world` may be changed while it runs."""

    def __init__(self, world: World | None = None) -> None:
        self.world = world or World()
        self._listener = Listener(self._answer)
        self._routes: list[tuple[str, str, Callable[..., Any]]] = [
            ("POST", r"request-access-token/invoicing-software/", self._request_token),
            ("GET", r"get-credentials/([^/]+)/", self._credentials),
            ("GET", r"clients/", self._clients),
            ("GET", r"delivery/pod-client/", self._pod_client),
            ("GET", r"delivery/(?:redownload-)?feed/(\d+)/", self._feed),
            ("PUT", r"delivery/feed/(\d+)/", self._acknowledge),
            ("GET", r"delivery/(?:re)?download/([^/]+)/([a-z]+)/", self._download),
        ]

    def start(self) -> None:
        """Listen."""
        self._listener.start()

    def stop(self) -> None:
        """Hang up, until `start` is called again."""
        self._listener.stop()

    @property
    def url(self) -> str:
        """Where the API is."""
        return f"{self._listener.url}/v2/"

    def _answer(self, asked: Asked) -> Answer:
        world = self.world
        world.calls.append(f"{asked.method} {asked.path.removeprefix('/v2/')}")
        fault = world.faults.pop(len(world.calls), world.always)
        if fault in {Fault.CUT_BEFORE, Fault.HTML_500, Fault.HTML_200, Fault.BUSY_503}:
            return _instead(fault)
        answer = self._done(asked)
        return _bent(answer, fault, slow=world.switches.slow)

    def _done(self, asked: Asked) -> Answer:
        try:
            said = self._route(asked)
        except No as no:
            return _json(no.status, no.said)
        return said if isinstance(said, Answer) else _json(200, said)

    def _route(self, asked: Asked) -> Any:
        path = asked.path.removeprefix("/v2/")
        if asked.headers.get("x-software-company") != self.world.software:
            self.world.offences.append(f"{asked.method} {path} without a known X-Software-Company")
            raise No(403, "Unknown software company.")
        company = None if path.startswith(_OPEN) else self._let_in(asked)
        if company and path == self.world.path and asked.method == "POST":
            return self._upload(asked, company)
        if company and asked.method == "GET" and path.startswith(self.world.path):
            return self._fate(company, path.removeprefix(self.world.path).rstrip("/"))
        for method, pattern, do in self._routes:
            if method == asked.method and (found := re.fullmatch(pattern, path)):
                return do(asked, company, *found.groups())
        raise No(404, "Not found.")

    def _let_in(self, asked: Asked) -> Company:
        given = asked.headers.get("authorization", "")
        try:
            user, _, password = (
                base64.b64decode(given.removeprefix("Basic ")).decode().partition(":")
            )
        except ValueError:
            user = password = ""
        for one in self.world.companies.values():
            if one.username == user and one.password == password:
                if one.revoked:
                    one.refused_since_revoked += 1
                    if one.refused_since_revoked > 2:
                        self.world.offences.append("calls go on after the consent was revoked")
                    raise No(403, "The accounting office has revoked this connection.")
                return one
        raise No(401, "Invalid username/password.")

    # Onboarding.

    def _request_token(self, asked: Asked, _: None) -> Answer:
        try:
            number = str(json.loads(asked.body)["vat"])
        except (ValueError, KeyError, TypeError):
            raise No(400, "vat is required.") from None
        if not re.fullmatch(r"BE[01]\d{9}", number):
            raise No(400, f"{number} is not a valid enterprise number.")
        company = self.world.companies.get(number)
        if company is None:
            raise No(404, f"No client with enterprise number {number}.")
        if not company.email:
            raise No(400, "This client has no e-mail address.")
        if not company.office:
            raise No(400, "This client is not linked to an accounting office that uses CodaBox.")
        token = secrets.token_urlsafe(24)
        company.tokens = {token}
        text = f"Dear {company.name},\n\nyour access token: {token}\n\nIt can be used once.\n"
        self.world.mails.append((company.email, text))
        return _json(201, {})

    def _credentials(self, _: Asked, __: None, token: str) -> dict[str, Any]:
        for one in self.world.companies.values():
            if token in one.tokens:
                one.tokens.clear()
                one.revoked, one.refused_since_revoked = False, 0
                one.username, one.password = f"u-{uuid.uuid4()}", secrets.token_hex()
                return {"username": one.username, "password": one.password}
        raise No(404, "This token does not exist or was used.")

    def _clients(self, _: Asked, company: Company) -> list[dict[str, Any]]:
        entity = {"enterprise_num": company.number, "name": company.name}
        return [{"id": str(uuid.uuid5(uuid.NAMESPACE_DNS, company.number)), "legal_entity": entity}]

    # Feeds.

    def _pod_client(self, _: Asked, company: Company) -> dict[str, Any]:
        feed = {"id": company.feed, "client_name": company.name, "target_root_state": "default"}
        return {
            "id": 66,
            "fetch_delay": self.world.switches.fetch_delay,
            "allowed_formats": {model: list(forms) for model, forms in MODELS.items()},
            "feed_clients": [feed],
        }

    def _feed(self, _: Asked, company: Company, feed: str) -> dict[str, Any]:
        self._mine(company, feed)
        since = self.world.now - company.looked_at
        if since < self.world.switches.fetch_delay:
            self.world.offences.append(f"the feed was asked for after {since:g} s")
        company.looked_at = self.world.now
        entries = [
            {"feed_index": one.index, "document_model": one.model, "metadata": one.metadata}
            for one in company.entries[company.done :]
        ]
        return {"id": company.feed, "type": "download", "feed_entries": entries}

    def _download(self, _: Asked, company: Company, index: str, form: str) -> Answer:
        for one in company.entries:
            if one.index == index:
                if form not in one.files:
                    raise No(400, f"{form} is not a valid format.")
                return Answer(200, one.files[form], {"Content-Type": _TYPES[form]})
        raise No(404, "Not found.")

    def _acknowledge(self, asked: Asked, company: Company, feed: str) -> dict[str, Any]:
        self._mine(company, feed)
        index = json.loads(asked.body).get("feed_offset")
        for number, one in enumerate(company.entries, 1):
            if one.index == index:
                company.done = max(company.done, number)
                return {"id": company.feed}
        self.world.offences.append("an entry that does not exist was acknowledged")
        raise No(400, "Unknown offset.")

    def _mine(self, company: Company, feed: str) -> None:
        if int(feed) != company.feed:
            raise No(404, "Not found.")

    # Sales invoices.

    def _upload(self, asked: Asked, company: Company) -> Answer:
        parts = _parts(asked)
        ubl, pdf = parts.get(self.world.part), parts.get(self.world.pdf_part)
        if ubl is None:
            raise No(400, f"{self.world.part} is required.")
        invoice = _invoice(ubl, pdf)
        if self.world.switches.wants_pdf and pdf is None:
            raise No(400, "The PDF is missing.")
        if company.number not in _supplier(ubl):
            raise No(400, "The supplier is not this client.")
        self._check_once(company, invoice)
        self._check_order(company, invoice)
        later = self.world.switches.later
        invoice.state = "created" if later else "delivered"
        company.invoices.append(invoice)
        return _json(201, {"id": invoice.id, "state": invoice.state})

    def _fate(self, company: Company, name: str) -> dict[str, Any]:
        for one in company.invoices:
            if one.id == name:
                return {"id": one.id, "state": one.state, "reason": one.reason}
        raise No(404, "Not found.")

    def _check_once(self, company: Company, new: Invoice) -> None:
        same = [one for one in company.invoices if (one.number, one.root) == (new.number, new.root)]
        if same and same[0].ubl != new.ubl:
            self.world.offences.append(f"{new.number} came twice, with other content")
        if same and self.world.switches.knows_duplicates:
            raise No(409, "This invoice was sent before.", code="duplicate")

    def _check_order(self, company: Company, new: Invoice) -> None:
        latest = max((one.year for one in company.invoices), default="")
        if new.year < latest and self.world.switches.one_year:
            raise No(400, f"The year {new.year} is closed.", code="year_closed")


def _parts(asked: Asked) -> dict[str, bytes]:
    head = f"Content-Type: {asked.headers.get('content-type', '')}\r\n\r\n".encode()
    message: Message = BytesParser().parsebytes(head + asked.body)
    found = {}
    for part in message.walk():
        content = part.get_payload(decode=True)
        if isinstance(content, bytes):
            found[str(part.get_param("name", header="content-disposition"))] = content
    return found


def _invoice(ubl: bytes, pdf: bytes | None) -> Invoice:
    root = re.search(rb"<(?:\w+:)?(Invoice|CreditNote)[\s>]", ubl)
    number = re.search(rb"<(?:\w+:)?ID(?:\s[^>]*)?>([^<]+)</", ubl)
    day = re.search(rb"<(?:\w+:)?IssueDate>([\d-]+)</", ubl)
    if not (root and number and day):
        raise No(400, "The document is no UBL invoice or credit note.")
    issued_on = day[1].decode()
    return Invoice(
        id=str(uuid.uuid4()),
        number=number[1].decode(),
        year=issued_on[:4],
        issued_on=issued_on,
        root=root[1].decode(),
        ubl=ubl,
        pdf=pdf,
        state="",
    )


def _supplier(ubl: bytes) -> str:
    found = re.search(rb"AccountingSupplierParty>(.*?)AccountingSupplierParty>", ubl, re.DOTALL)
    return found[1].decode() if found else ""


def _json(status: int, said: Any) -> Answer:
    return Answer(status, json.dumps(said).encode(), {"Content-Type": "application/json"})


def _instead(fault: Fault) -> Answer:
    """The answer to a call of which nothing is done."""
    if fault is Fault.CUT_BEFORE:
        return Answer(0, ending=Ending.RESET)
    status = {Fault.HTML_500: 500, Fault.HTML_200: 200, Fault.BUSY_503: 503}[fault]
    return Answer(status, _PAGE, dict(_HTML))


def _bent(answer: Answer, fault: Fault | None, *, slow: float) -> Answer:
    """The answer as it arrives."""
    if fault is Fault.CUT_AFTER:
        answer.ending = Ending.RESET
    elif fault is Fault.HALF:
        answer.ending = Ending.HALF
    elif fault is Fault.TRUNCATED:
        answer.body = answer.body[: len(answer.body) // 2]
    elif fault is Fault.WRONG_TYPE:
        return Answer(answer.status, _PAGE, dict(_HTML))
    elif fault is Fault.SLOW:
        answer.delay = slow
    return answer
