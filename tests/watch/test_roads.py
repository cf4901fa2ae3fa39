"""Each road to a person: what it sends, and how it says that nobody was reached."""

from __future__ import annotations

import contextlib
import email
import email.policy
import json
import sys
from datetime import UTC, datetime
from pathlib import Path

import psutil
import pytest

from maild.connectors.alarm_roads import Command, Relay, Webhook
from maild.connectors.smtp import SmtpConnector
from maild.connectors.smtp_session import SmtpOptions
from maild.errors import DeliveryError
from maild.model.alarm import MOST, Alarm, Call
from maild.simulators.mailsink import MailSink
from tests.watch.conftest import Hook, Pager

pytestmark = pytest.mark.anyio
AT = datetime(2026, 3, 27, 12, tzinfo=UTC)


def a_call(n: int = 1) -> Call:
    alarms = tuple(Alarm(f"queue:é{i}", f"5 wait for relay é{i}", AT) for i in range(n))
    return Call("n-1", "post.example", AT, alarms)


async def test_a_webhook_gets_json_with_title_and_priority(hook: Hook, tmp_path: Path) -> None:
    token = tmp_path / "token"
    token.write_text("tk_123\n")
    await Webhook(hook.url, token_file=token).tell(a_call())
    [(headers, body)] = hook.posted
    assert headers["title"] == "maild on post.example: 1 alarm"
    assert headers["priority"] == "urgent"
    assert headers["authorization"] == "Bearer tk_123"
    said = json.loads(body)
    assert said["alarms"] == [
        {"key": "queue:é0", "reason": "5 wait for relay é0", "since": AT.isoformat()}
    ]


async def test_ntfy_gets_the_text(hook: Hook) -> None:
    await Webhook(hook.url, form="text").tell(a_call())
    [(headers, body)] = hook.posted
    assert headers["content-type"] == "text/plain; charset=utf-8"
    assert "- 5 wait for relay é0 (since 2026-03-27 12:00 UTC)" in body.decode()


async def test_many_alarms_are_one_call_of_bounded_length(hook: Hook) -> None:
    await Webhook(hook.url).tell(a_call(5000))
    said = json.loads(hook.posted[0][1])
    assert (said["total"], len(said["alarms"])) == (5000, MOST)
    assert f"and {5000 - MOST} more" in said["text"]


@pytest.mark.parametrize("answer", [302, 404, 500])
async def test_an_answer_that_is_no_yes_is_a_fault_that_does_not_tell_the_path(
    hook: Hook, answer: int
) -> None:
    hook.answer = answer
    with pytest.raises(DeliveryError, match=str(answer)) as fault:
        await Webhook(hook.url).tell(a_call())
    assert "secret-topic" not in fault.value.reply


async def test_nobody_listening_is_a_fault_that_does_not_tell_the_path(free_port: int) -> None:
    with pytest.raises(DeliveryError, match="does not answer") as fault:
        await Webhook(f"http://127.0.0.1:{free_port}/secret-topic").tell(a_call())
    assert "secret-topic" not in fault.value.reply


@pytest.mark.parametrize("token", ["", "two words", "line\nbreak", "é"])
async def test_a_token_that_fits_no_header_is_not_repeated(
    hook: Hook, tmp_path: Path, token: str
) -> None:
    path = tmp_path / "token"
    path.write_text(token)
    with pytest.raises(DeliveryError, match="does not hold one word") as fault:
        await Webhook(hook.url, token_file=path).tell(a_call())
    assert not token or token not in fault.value.reply
    assert hook.posted == []


async def test_a_command_gets_the_call_and_no_shell_reads_its_arguments(
    pager: Pager, tmp_path: Path
) -> None:
    odd = Pager(tmp_path / "a; touch owned $(touch owned)")
    await odd.road.tell(a_call())
    assert odd.told[0]["title"] == "maild on post.example: 1 alarm"
    assert not list(tmp_path.glob("owned"))


async def test_a_command_that_says_no_is_a_fault() -> None:
    with pytest.raises(DeliveryError, match="ended with 3"):
        await Command((sys.executable, "-c", "raise SystemExit(3)")).tell(a_call())


async def test_a_command_that_reads_nothing_may_still_say_yes() -> None:
    await Command((sys.executable, "-c", "")).tell(a_call(MOST))


async def test_a_command_that_does_not_end_is_ended_with_what_it_started(tmp_path: Path) -> None:
    noted = tmp_path / "pid"
    command = (
        "import pathlib, subprocess, sys; inner = subprocess.Popen(['sleep', '60']);"
        "pathlib.Path(sys.argv[1]).write_text(str(inner.pid)); inner.wait()"
    )
    with pytest.raises(DeliveryError, match="did not end within 2 s"):
        await Command((sys.executable, "-c", command, str(noted)), seconds=2).tell(a_call())
    with contextlib.suppress(psutil.NoSuchProcess):
        inner = psutil.Process(int(noted.read_text()))
        # Killed; init may not have looked at it yet.
        assert inner.status() == psutil.STATUS_ZOMBIE or inner.wait(5) is None


async def test_a_relay_mails_everybody_and_one_is_enough() -> None:
    sink = MailSink()
    port = await sink.start()
    connector = SmtpConnector(SmtpOptions("second", "127.0.0.1", port, tls="none"))
    try:
        to = ("not an address", "chef@acme.example")
        await Relay(connector, "maild@acme.example", to).tell(a_call())
        [mail] = sink.mails
        message = email.message_from_bytes(mail.content, policy=email.policy.default)
        assert message["To"] == "chef@acme.example"
        assert message["Auto-Submitted"] == "auto-generated"
        assert "relay é0" in message.get_content()
        with pytest.raises(DeliveryError, match="no address"):
            await Relay(connector, "maild@acme.example", to[:1]).tell(a_call())
    finally:
        await connector.close()
        await sink.stop()


async def test_a_relay_that_is_down_is_a_fault(free_port: int) -> None:
    connector = SmtpConnector(SmtpOptions("second", "127.0.0.1", free_port, tls="none"))
    with pytest.raises(DeliveryError):
        await Relay(connector, "maild@acme.example", ("chef@acme.example",)).tell(a_call())
    await connector.close()
