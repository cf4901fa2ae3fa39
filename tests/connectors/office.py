"""A service with an API of its own: what it was asked, and answers that a test gives it."""

from __future__ import annotations

import contextlib
import json
from collections.abc import Callable
from dataclasses import dataclass, field
from email.message import Message
from email.parser import BytesParser
from typing import Any

from maild.config.http_map import HttpConnector
from maild.connectors.http_map import HttpMapConnector
from maild.errors import MaildError
from maild.model.delivery import Parcel
from maild.simulators.http_wire import Answer, Asked, Ending, Listener
from tests.connectors.conftest import Crossing
from tests.connectors.goods import a_relay_parcel, goods

Reply = Callable[[Asked], Answer]


def said(status: int, value: Any = None, **headers: str) -> Answer:
    named = {"Content-Type": "application/json"} | {
        k.replace("_", "-"): v for k, v in headers.items()
    }
    return Answer(status, json.dumps(value).encode(), named)


def page(status: int) -> Answer:
    return Answer(
        status, b"<html><body>We are back soon</body></html>", {"Content-Type": "text/html"}
    )


@dataclass
class Office:
    """Keeps what is sent by its reference, and says so when it is asked."""

    asked: list[Asked] = field(default_factory=list)
    kept: list[str] = field(default_factory=list)
    replies: list[Reply] = field(default_factory=list)  # one each, before it does as it should

    def __post_init__(self) -> None:
        self.listener = Listener(self.answer)

    @property
    def url(self) -> str:
        return f"{self.listener.url}/api/"

    def answer(self, asked: Asked) -> Answer:
        self.asked.append(asked)
        if self.replies:
            return self.replies.pop(0)(asked)
        return self.work(asked)

    def work(self, asked: Asked) -> Answer:
        if asked.path == "/api/token":
            return said(200, {"access_token": "t-1", "expires_in": "300"})
        if asked.method == "GET":
            wanted = asked.query.partition("=")[2]
            return said(200, {"items": [{"id": one} for one in self.kept if one == wanted]})
        reference = asked.headers["x-reference"]
        if reference in self.kept and "x-once" in asked.headers:
            return said(409, {"code": "known", "message": "known since Monday"})
        self.kept.append(reference)
        return said(201, {"id": f"r-{len(self.kept)}", "state": "new"})

    def cut_after(self, asked: Asked) -> Answer:
        """The work is done, and nobody hears of it."""
        answer = self.work(asked)
        answer.ending = Ending.RESET
        return answer

    def connector(self, **tables: Any) -> HttpMapConnector:
        """A connector as the configuration describes it."""
        send = {"path": "invoices", "id": "/id", "error": "/message"} | tables.pop("send", {})
        given = {"url": self.url, "headers": {"X-Reference": "{reference}"}, "send": send} | tables
        return HttpMapConnector("office", HttpConnector.model_validate(given))


@dataclass
class OfficeBench:
    """An office and a connector, for the contract."""

    office: Office
    tables: dict[str, Any]

    @property
    def connector(self) -> HttpMapConnector:
        return self.office.connector(**self.tables)

    def parcel(self, number: str) -> Parcel:
        return a_relay_parcel(goods(number))

    def there(self) -> list[str]:
        return [one.removeprefix("d-") for one in self.office.kept]

    async def cut(self, parcel: Parcel, *, step: int) -> bool:
        """Cut before and after each of the calls that one delivery makes, at most two."""
        ways: list[list[Reply]] = [
            [lambda _: Answer(0, ending=Ending.RESET)],
            [self.office.cut_after],
            [self.office.work, lambda _: Answer(0, ending=Ending.RESET)],
            [self.office.work, self.office.cut_after],
            [self.office.work, lambda _: page(503)],
        ]
        if step > len(ways):
            return False
        self.office.replies = ways[step - 1]
        with contextlib.suppress(MaildError):
            await self.connector.deliver(parcel, point_of_no_return=Crossing())
        self.office.replies = []
        return True

    async def go_away(self) -> None:
        self.office.listener.stop()


def parts_of(asked: Asked) -> dict[str, Message]:
    """The parts of a multipart body by their names."""
    head = f"Content-Type: {asked.headers['content-type']}\r\n\r\n".encode()
    whole = BytesParser().parsebytes(head + asked.body)
    return {
        str(one.get_param("name", header="content-disposition")): one
        for one in whole.walk()
        if not one.is_multipart()
    }
