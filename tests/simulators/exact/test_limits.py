"""X23 to X25: rates, the quota of errors, and faults on demand."""

from __future__ import annotations

import httpx2
import pytest

from tests.simulators.exact.caller import Caller


def test_x23_answers_tell_both_rates_in_milliseconds(caller: Caller) -> None:
    headers = caller.get("financial/Journals").headers
    assert headers["x-ratelimit-limit"] == "5000"
    assert headers["x-ratelimit-remaining"] == "4999"
    assert headers["x-ratelimit-reset"] == "1795564800000"
    assert headers["x-ratelimit-minutely-limit"] == "60"
    assert headers["x-ratelimit-minutely-remaining"] == "59"
    assert headers["x-ratelimit-minutely-reset"] == "1795510860000"


def test_x23_the_sixty_first_call_of_a_minute_is_refused_with_minute_headers_only(
    caller: Caller,
) -> None:
    statuses = [caller.get("financial/Journals").status_code for _ in range(60)]
    assert set(statuses) == {200}
    assert caller.exact.offences == []
    answer = caller.get("financial/Journals")
    assert answer.status_code == 429
    assert "x-ratelimit-minutely-reset" in answer.headers
    assert "x-ratelimit-limit" not in answer.headers
    assert len(caller.exact.offences) == 1
    assert caller.get("financial/Journals", division=740003).status_code == 200  # its own budget
    caller.exact.clock.advance(55)
    assert caller.get("financial/Journals").status_code == 200
    assert caller.exact.limits.peak == 60


def test_x23_the_five_thousand_and_first_call_of_a_day_is_refused(caller: Caller) -> None:
    caller.exact.faults.plan("GET financial/Journals", "day_limit")
    answer = caller.get("financial/Journals")
    assert answer.status_code == 429
    assert answer.headers["x-ratelimit-remaining"] == "0"
    assert "x-ratelimit-minutely-limit" not in answer.headers
    assert caller.exact.offences == []  # nobody could know
    assert caller.get("financial/Journals").status_code == 429
    assert len(caller.exact.offences) == 1  # but now it could
    caller.exact.clock.advance(15 * 3600)
    caller.tokens = caller.refresh().json()
    assert caller.get("financial/Journals").status_code == 200


def test_x23_errors_may_come_without_headers(caller: Caller) -> None:
    caller.exact.switches.headers_on_errors = False
    assert "x-ratelimit-limit" not in caller.get("crm/Accounts").headers
    caller.exact.faults.plan("GET *", "minute_limit")
    answer = caller.get("financial/Journals")
    assert answer.status_code == 429
    assert not [name for name in answer.headers if name.startswith("x-ratelimit")]


@pytest.mark.parametrize(("told", "header"), [(1, "60"), (0, None)])
def test_x23_a_refusal_may_say_when_to_come_back(
    caller: Caller, told: int, header: str | None
) -> None:
    caller.exact.switches.retry_after = bool(told)
    caller.exact.faults.plan("GET *", "minute_limit")
    answer = caller.get("financial/Journals")
    assert (answer.status_code, answer.headers.get("retry-after")) == (429, header)


@pytest.mark.parametrize("status", [403, 429])
def test_x24_the_eleventh_error_in_an_hour_blocks_the_key_for_an_hour(
    caller: Caller, status: int
) -> None:
    caller.exact.switches.block_status = status
    for _ in range(11):
        assert caller.get("crm/Accounts").status_code == 400
    assert caller.exact.offences == ["more than 10 errors an hour at crm/Accounts"]
    assert caller.get("crm/Accounts", top=1).status_code == status
    assert caller.exact.offences[-1] == "a call to crm/Accounts during its block"
    assert caller.get("crm/Contacts", top=1).status_code == 200  # another endpoint
    caller.exact.clock.advance(3600)
    caller.tokens = caller.refresh().json()
    assert caller.get("crm/Accounts", top=1).status_code == 200


@pytest.mark.parametrize(
    ("fault", "status", "kind", "made"),
    [
        ("html_500", 500, "text/html; charset=utf-8", 0),
        ("html_200", 200, "text/html; charset=utf-8", 0),
        ("service_503", 503, "text/html; charset=utf-8", 0),
        ("timeout_408", 408, "text/html; charset=utf-8", 0),
        ("unauthorized", 401, "application/json; charset=utf-8", 0),
        ("division_refused", 403, "application/json; charset=utf-8", 0),
        ("key_blocked", 403, "application/json; charset=utf-8", 0),
        ("minute_limit", 429, "application/json; charset=utf-8", 0),
        ("wrong_type", 201, "application/atom+xml", 1),
        ("slow", 201, "application/json; charset=utf-8", 1),
    ],
)
def test_x25_a_fault_answers_in_its_way(
    caller: Caller, fault: str, status: int, kind: str, made: int
) -> None:
    caller.exact.faults.plan("POST crm/Accounts", fault)
    answer = caller.post("crm/Accounts", {"Name": "A"})
    assert (answer.status_code, answer.headers["content-type"]) == (status, kind)
    assert len(caller.exact.rows("crm/Accounts")) == made
    assert caller.exact.offences == []


@pytest.mark.parametrize(
    ("fault", "made"), [("cut_before", 0), ("cut_after", 1), ("half_answer", 1)]
)
def test_x25_a_line_breaks_before_or_after_the_work_is_done(
    caller: Caller, fault: str, made: int
) -> None:
    caller.exact.faults.plan("POST crm/*", fault)
    with pytest.raises(httpx2.HTTPError):
        caller.post("crm/Accounts", {"Name": "A"})
    assert len(caller.exact.rows("crm/Accounts")) == made
    assert caller.post("crm/Accounts", {"Name": "B"}).status_code == 201


def test_x25_json_may_end_in_the_middle(caller: Caller) -> None:
    caller.exact.faults.plan("POST crm/Accounts", "truncated")
    answer = caller.post("crm/Accounts", {"Name": "A"})
    assert answer.status_code == 201
    with pytest.raises(ValueError, match="char"):
        answer.json()


def test_x25_a_page_of_html_may_come_after_the_work_is_done(caller: Caller) -> None:
    caller.exact.faults.plan("POST crm/Accounts", "html_500", done=True, skip=1)
    assert caller.post("crm/Accounts", {"Name": "A"}).status_code == 201
    assert caller.post("crm/Accounts", {"Name": "B"}).status_code == 500
    assert len(caller.exact.rows("crm/Accounts")) == 2


def test_x25_connections_may_be_refused(caller: Caller) -> None:
    caller.exact.stop()
    with pytest.raises(httpx2.ConnectError):
        caller.get("current/Me")
    caller.exact.start()
    assert caller.get("current/Me").status_code == 200


def test_x25_the_journal_tells_what_was_asked(caller: Caller) -> None:
    caller.get("financial/Journals")
    last = caller.exact.journal[-1]
    assert (last.call, last.status, last.division) == ("GET financial/Journals", 200, 740001)
    assert caller.exact.counters["GET financial/Journals"] == 1
