"""What `maild documents proof` says, compared with what the outside world really got."""

from __future__ import annotations

import sqlite3
from email.message import EmailMessage
from pathlib import Path
from typing import Any

from tests.render.proofs import text_of
from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, QUICK, SHADOW, House
from tests.spine.post import a_mail, sha256
from tests.spine.sinks import Sink


def proof_of(house: House, document: str) -> dict[str, Any]:
    [proof] = house.json("documents", "proof", document)
    assert isinstance(proof, dict)
    return proof


def to(proof: dict[str, Any], address: str) -> dict[str, Any]:
    [found] = [one for one in proof["deliveries"] if one["address"] == address]
    assert isinstance(found, dict)
    return found


def files_in(mail: EmailMessage) -> list[tuple[str | None, str]]:
    contents = (
        (one.get_filename(), one.get_payload(decode=True)) for one in mail.iter_attachments()
    )
    return [(name, sha256(content)) for name, content in contents if isinstance(content, bytes)]


def test_it_tells_the_mail_its_files_and_the_reply_as_they_were(
    house: House, run: Running, sink: Sink
) -> None:
    daemon = run()
    invoice = papers.invoice("2026-7")
    assert daemon.hand_in(a_mail(("i.xml", invoice))).code == 250
    document = house.settled("2026-7", "handed_over", "handed_over")
    proof = proof_of(house, document["id"])
    assert proof["problems"] == []
    assert proof["document"]["number"] == "2026-7"
    [arrival] = proof["arrivals"]
    assert arrival["detail"].startswith("by smtp from facturen@acme.example")

    for address in (ACCOUNTANT, BOOKS):
        [mail] = sink.to(address)
        [caught] = [one for one in sink.mails if one.recipients == (address,)]
        proven = to(proof, address)
        assert proven["message_id"] == mail["Message-ID"]
        assert proven["message"]["subject"] == mail["Subject"]
        assert [(one["name"], one["sha256"]) for one in proven["attached"]] == files_in(mail)
        assert proven["message"]["sha256"] == sha256(caught.content)
        [attempt] = proven["attempts"]
        assert proven["reply"] == attempt["reply"]
        assert proven["reply"].startswith("250")
        assert proven["handed_over_at"] == attempt["ended_at"]
    ubl = next(one for one in to(proof, ACCOUNTANT)["attached"] if one["role"] == "ubl")
    assert ubl["sha256"] == sha256(invoice)

    assert proof_of(house, document["id"]) == proof
    said = house.maild("documents", "proof", document["id"])
    assert said.code == 0
    assert all(word in said.out for word in (sha256(invoice), to(proof, BOOKS)["message_id"]))


def test_its_pages_say_the_same_for_a_person(
    house: House, run: Running, sink: Sink, tmp_path: Path
) -> None:
    daemon = run()
    invoice = papers.invoice("2026-11")
    assert daemon.hand_in(a_mail(("i.xml", invoice))).code == 250
    document = house.settled("2026-11", "handed_over", "handed_over")
    pages = tmp_path / "proof.pdf"
    said = house.maild("documents", "proof", document["id"], "--pdf", str(pages))
    assert (said.code, said.out) == (0, f"{pages} written\n")
    first = pages.read_bytes()
    text = "\n".join(text_of(first))
    assert "Bewijs van verzending" in text
    for address in (ACCOUNTANT, BOOKS):
        [mail] = sink.to(address)
        proven = to(proof_of(house, document["id"]), address)
        assert all(one in text for one in (address, str(mail["Message-ID"]), proven["reply"]))
        assert all(digest in text for _, digest in files_in(mail))

    command = ("documents", "proof", document["id"], "--pdf", str(pages), "--json")
    assert house.maild(*command).json() == [proof_of(house, document["id"])]
    assert pages.read_bytes() == first
    assert house.maild(*command, "--language", "fr").code == 0
    assert "Preuve d’envoi" in text_of(pages.read_bytes())[0]


def test_pages_that_cannot_be_written_are_named(house: House, run: Running) -> None:
    daemon = run(SHADOW)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-12")))).code == 250
    document = house.document("2026-12")
    where = str(house.folder / "nowhere" / "proof.pdf")
    said = house.maild("documents", "proof", document["id"], "--pdf", where)
    assert said.code == 2
    assert f"{where}: cannot be written (no such file or directory)" in said.err


def test_what_nobody_took_is_not_proven(house: House, run: Running, sink: Sink) -> None:
    sink.faults.reply["DOT"] = "554 5.7.1 not here"
    daemon = run(more=QUICK)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-8")))).code == 250
    document = house.settled("2026-8", "failed", "failed")
    proof = proof_of(house, document["id"])
    for one in proof["deliveries"]:
        assert (one["handed_over_at"], one["reply"], one["sent_as"]) == (None, None, None)
        assert one["attempts"][-1]["outcome"] == "refused"
        assert one["attached"]  # what was offered is told all the same
    assert "handed over" not in house.maild("documents", "proof", document["id"]).out


def test_a_kept_mail_that_is_gone_or_damaged_is_named(
    house: House, run: Running, sink: Sink
) -> None:
    daemon = run()
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-9")))).code == 250
    document = house.settled("2026-9", "handed_over", "handed_over")
    assert daemon.stop() == 0
    first, second = proof_of(house, document["id"])["deliveries"]
    _lose(house, first["message"]["sha256"])
    _damage(house, second["message"]["sha256"])

    said = house.maild("documents", "proof", document["id"], "--json")
    assert said.code == 1
    [proof] = said.json()
    for one in proof["deliveries"]:
        assert one["message"]["intact"] is False
        assert one["attached"] == []
        assert one["reply"].startswith("250")  # what the rows say still stands
    gone, damaged = proof["problems"]
    assert first["id"] in gone
    assert "put it back from a backup" in gone
    assert second["id"] in damaged
    assert "are damaged" in damaged


def test_what_was_not_sent_yet_has_no_mail(house: House, run: Running) -> None:
    daemon = run(SHADOW)
    assert daemon.hand_in(a_mail(("i.xml", papers.invoice("2026-10")))).code == 250
    document = house.document("2026-10")
    proof = proof_of(house, document["id"])
    assert [one["state"] for one in proof["deliveries"]] == ["held", "held"]
    for one in proof["deliveries"]:
        assert (one["message"], one["attached"], one["handed_over_at"]) == (None, [], None)
    assert house.maild("documents", "proof", document["id"]).code == 0


def test_a_document_that_is_not_there_is_named(house: House, run: Running) -> None:
    run()
    missing = house.maild("documents", "proof", "d-nothing")
    assert missing.code == 2
    assert 'there is no document "d-nothing"' in missing.err


def _lose(house: House, key: str) -> None:
    path = _file(house, key)
    if path is not None:
        path.unlink()
        return
    with sqlite3.connect(house.folder / "state" / "maild.db") as db:
        assert db.execute("DELETE FROM small_blobs WHERE sha256 = ?", (key,)).rowcount == 1


def _damage(house: House, key: str) -> None:
    path = _file(house, key)
    if path is not None:
        path.chmod(0o600)
        path.write_bytes(path.read_bytes() + b"!")
        return
    with sqlite3.connect(house.folder / "state" / "maild.db") as db:
        change = "UPDATE small_blobs SET content = CAST(content || x'21' AS BLOB) WHERE sha256 = ?"
        assert db.execute(change, (key,)).rowcount == 1


def _file(house: House, key: str) -> Path | None:
    return next((house.folder / "state" / "blobs").rglob(key), None)
