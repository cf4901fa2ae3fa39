"""The API of a running daemon: a program with a token hands in, and the mail leaves."""

from __future__ import annotations

import httpx2

from maild.ubl import document as ubl
from tests.builders_bill import a_bill
from tests.servers.ports import free_port
from tests.spine.conftest import Running
from tests.spine.house import House
from tests.spine.sinks import Sink
from tests.spine.waiting import until

ROOT = "/api/v1"


def test_a_program_hands_in_and_the_mail_leaves(house: House, run: Running, sink: Sink) -> None:
    port = free_port()
    daemon = run(more=f'\n[web]\nlisten = "127.0.0.1:{port}"\n')
    daemon.wait_for("daemon.ready")
    [made] = house.json("token", "add", "acme", "--may", "send", "--may", "read")
    [listed] = house.json("token", "list", "acme")
    assert listed["may"] == ["read", "send"]
    assert "token" not in listed
    headers = {"authorization": f"Bearer {made['token']}", "content-type": "application/xml"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=headers) as program:
        content = ubl.write(a_bill(number="F-77"))
        taken = program.post(f"{ROOT}/documents", content=content)
        assert taken.status_code == 201, taken.text
        until(lambda: len(sink.mails) == 2, explain=daemon.log)
        url = taken.json()["documents"][0]["url"]
        until(
            lambda: (
                {one["state"] for one in program.get(url).json()["deliveries"]} == {"handed_over"}
            ),
            explain=daemon.log,
        )
        too_much = program.post(f"{ROOT}/documents", content=iter([b"x" * 1_000_000] * 40))
        assert too_much.status_code == 413
        assert house.maild("token", "revoke", made["id"]).code == 0
        assert program.get(url).status_code == 401
    assert made["token"] not in daemon.log()
    assert daemon.stop() == 0
