"""The pages of a running daemon: signing in by a mail that really leaves, and pages beside the doors."""

from __future__ import annotations

import re

import httpx2

from tests.servers.ports import free_port
from tests.spine.conftest import Running
from tests.spine.house import PEOPLE, PERSON, House, configured
from tests.spine.sinks import Sink
from tests.spine.waiting import until


def test_somebody_signs_in_by_a_mail_of_the_daemon(house: House, run: Running, sink: Sink) -> None:
    port = free_port()
    web = f"""
[web]
listen = "127.0.0.1:{port}"
second_factor = "optional"
via = "relay"
from = "maild <portal@maild.example>"
"""
    daemon = run(PEOPLE, more=web)
    assert daemon.wait_for("daemon.ready")["web"] == [f"127.0.0.1:{port}"]
    ours = {"sec-fetch-site": "same-origin"}
    with httpx2.Client(base_url=f"http://127.0.0.1:{port}", headers=ours) as browser:
        asked = browser.post("/sign-in", data={"email": PERSON})
        until(lambda: bool(sink.to(PERSON)), explain=daemon.log)
        [mail] = sink.to(PERSON)
        assert mail["From"] == "maild <portal@maild.example>"
        body = mail.get_body(("plain",))
        assert body is not None
        words = body.get_content()
        code = re.search(r"\b[0-9A-Z]{4}-[0-9A-Z]{4}\b", words)
        assert code, words
        entered = browser.post(asked.headers["location"], data={"code": code[0]})
        assert entered.status_code == 303
        assert "Acme BV" in browser.get("/teams").text
    assert code[0] not in daemon.log()
    assert house.maild("verify").code == 0
    assert daemon.stop() == 0


def test_a_port_that_is_taken_is_told_by_its_key(house: House, run: Running, sink: Sink) -> None:
    web = f'\n[web]\nlisten = "127.0.0.1:{sink.port}"\n'
    house.write(configured(sink.port, more=web))
    said = house.process("run")
    assert said.code == 2
    assert "web.listen" in said.err
