"""A link to a package, from the mail of a running daemon to the file on the accountant's disk."""

from __future__ import annotations

import hashlib
import io
import re
import sqlite3
import zipfile
from collections.abc import Iterator
from email.message import EmailMessage
from pathlib import Path

import httpx2
import pytest

from tests.servers.ports import free_port
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, QUICK, House
from tests.spine.sinks import Sink
from tests.spine.waiting import until

PERIOD = "2026"
RECIPIENT = 'accountant = { via = "relay", address = "an@kantoor.example", profile = "mailbox" }'
LINKED = RECIPIENT.replace(" }", ', packages = "link" }')


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def web(port: int) -> str:
    return f'\n[web]\nlisten = "127.0.0.1:{port}"\nurl = "http://127.0.0.1:{port}"\n'


@pytest.fixture
def browser(port: int) -> Iterator[httpx2.Client]:
    ours = {"sec-fetch-site": "same-origin", "accept-language": "en"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=ours) as one:
        yield one


def link_in(mail: EmailMessage) -> str:
    """The path of the link, which stands alike in both texts of the mail."""
    paths = set()
    for kind in ("plain", "html"):
        body = mail.get_body((kind,))
        assert body is not None
        paths |= set(re.findall(r"(/packages/[\w-]{43})", body.get_content()))
    [path] = paths
    return str(path)


def handed_in(house: House) -> None:
    """Two invoices that went where they go."""
    for number in ("F-001", "F-002"):
        (house.folder / f"{number}.xml").write_bytes(papers.invoice(number))
        assert house.maild("send", f"{number}.xml", "--team", "acme").code == 0
        house.settled(number, "handed_over", "handed_over")


def asked(house: House) -> None:
    """Send the package of their year."""
    said = house.maild("export", "acme", PERIOD, "--to", "accountant")
    assert said.code == 0, said.err


def with_links(sink: Sink) -> list[EmailMessage]:
    """The mails with a link, which carry no file."""
    mails = [one for one in sink.to(ACCOUNTANT) if str(one["Subject"]).split()[1] == "2026"]
    assert not [file for one in mails for file in one.iter_attachments()]
    return mails


def test_a_package_is_downloaded_by_its_link_and_nobody_keeps_the_link(
    house: House, run: Running, sink: Sink, browser: httpx2.Client, web: str
) -> None:
    daemon = run((RECIPIENT, LINKED), more=web)
    handed_in(house)
    asked(house)
    house.settled(PERIOD, "handed_over")
    [mail] = with_links(sink)
    path = link_in(mail)
    for _ in range(3):  # programs that examine mails look at every address in them
        looked = browser.get(path)
        assert looked.status_code == 200
        assert browser.head(path).status_code == 200
    [shown] = house.json("pickup", "list")
    assert (shown["state"], shown["taken"], shown["most"]) == ("good", 0, 5)
    file = house.document(PERIOD)["files"][0]
    assert file["name"] in looked.text
    assert file["sha256"] in looked.text
    taken = browser.post(path, data={"file": "0"})
    assert taken.headers["content-disposition"].startswith("attachment;")
    assert hashlib.sha256(taken.content).hexdigest() == file["sha256"]
    with zipfile.ZipFile(io.BytesIO(taken.content)) as archive:
        assert archive.testzip() is None
    [shown] = house.json("pickup", "list", "--team", "acme")
    assert shown["taken"] == 1
    story = [one["event"] for one in house.document(PERIOD)["story"]]
    assert "package.taken" in story
    secret = path.rpartition("/")[2]
    assert secret not in daemon.log()
    assert not _kept(house.folder / "state", secret)
    assert house.maild("verify").code == 0
    assert house.maild("pickup", "revoke", shown["id"]).code == 0
    over = browser.get(path)
    assert over.status_code == 410
    assert "Ask Acme BV to send it again." in over.text
    assert browser.post(path, data={"file": "0"}).status_code == 410
    assert browser.get(path[:-1] + ("A" if path[-1] != "A" else "B")).status_code == 404
    [shown] = house.json("pickup", "list")
    assert (shown["state"], shown["taken"], shown["revoked_by"]) == ("revoked", 1, "console")
    assert daemon.stop() == 0


def test_a_second_try_carries_the_same_link_and_the_same_bytes(
    house: House, run: Running, sink: Sink, browser: httpx2.Client, web: str
) -> None:
    run((RECIPIENT, LINKED), more=web + QUICK)
    handed_in(house)
    sink.faults.drop.add("DOT")
    asked(house)
    until(lambda: bool(with_links(sink)))
    sink.faults.drop.clear()
    house.settled(PERIOD, "handed_over")
    first, *more = [one.content for one in sink.mails if b"/packages/" in one.content]
    assert more
    assert set(more) == {first}
    assert browser.get(link_in(with_links(sink)[0])).status_code == 200
    assert len(house.json("pickup", "list")) == 1


def _kept(folder: Path, secret: str) -> list[str]:
    """Where a secret stands in what maild keeps: in a row of a table, or in the bytes of a file."""
    # An index of words has no rows of its own; the tables below it have.
    tables = "SELECT name FROM sqlite_master WHERE type = 'table' AND sql NOT LIKE '%VIRTUAL%'"
    with sqlite3.connect(folder / "maild.db") as db:
        found = [
            name
            for (name,) in db.execute(tables).fetchall()
            if any(secret in str(row) for row in db.execute(f"SELECT * FROM {name}"))  # noqa: S608 - ours
        ]
    files = [one for one in folder.rglob("*") if one.is_file()]
    return found + [str(one) for one in files if secret.encode() in one.read_bytes()]
