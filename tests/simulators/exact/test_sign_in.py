"""X1 to X7 and X26: consent and tokens, as strict as the real ones."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import httpx2
import pytest

from maild.simulators.exact.server import ExactOnline
from tests.simulators.exact.caller import Caller


def test_x1_the_consent_page_sends_the_person_back_with_a_code_and_the_state(
    caller: Caller,
) -> None:
    answer = caller.http.get(caller.consent_url(), follow_redirects=False)
    back = urlsplit(answer.headers["location"])
    assert answer.status_code == 302
    assert back.geturl().startswith("https://maild.example/exact?")
    assert parse_qs(back.query)["state"] == ["xyz"]
    assert "code" in parse_qs(back.query)


@pytest.mark.parametrize(
    "wrong",
    [
        {"client_id": "other"},
        {"redirect_uri": "https://maild.example/exact/"},
        {"response_type": "token"},
    ],
    ids=["client", "redirect address", "response type"],
)
def test_x1_the_consent_page_refuses_what_is_not_registered(
    caller: Caller, wrong: dict[str, str]
) -> None:
    assert caller.http.get(caller.consent_url(**wrong)).status_code == 400


def test_x1_a_person_may_say_no(caller: Caller) -> None:
    caller.exact.switches.consent = "deny"
    answer = caller.http.get(caller.consent_url(), follow_redirects=False)
    assert "error=access_denied" in answer.headers["location"]


def test_x2_a_code_works_once_and_for_three_minutes(caller: Caller) -> None:
    code = caller.code()
    assert caller.trade(code).status_code == 200
    assert caller.trade(code).status_code == 400
    late = caller.code()
    caller.exact.clock.advance(181)
    assert caller.trade(late).status_code == 400


def test_x2_the_secret_stands_in_the_form_and_nowhere_else(caller: Caller) -> None:
    headers = {"Authorization": "Basic eDp5"}
    answer = caller.token(headers=headers, grant_type="authorization_code", code=caller.code())
    assert answer.status_code == 401
    assert caller.exact.offences == ["an Authorization header at the token endpoint"]


def test_x3_the_life_of_a_token_comes_as_text_and_is_kept(caller: Caller) -> None:
    assert caller.tokens["expires_in"] == "600"
    assert caller.get("current/Me").status_code == 200
    caller.exact.clock.advance(600)
    assert caller.get("current/Me").status_code == 401
    caller.tokens["access_token"] = "garbled"
    assert caller.get("current/Me").status_code == 401


@pytest.mark.parametrize("status", [400, 401])
def test_x4_a_refresh_before_nine_and_a_half_minutes_is_refused(
    caller: Caller, status: int
) -> None:
    caller.exact.switches.early_refresh_status = status
    caller.exact.clock.advance(569)
    answer = caller.refresh()
    assert answer.status_code == status
    assert answer.json()["error"] == "access_denied"
    assert answer.headers["reason"].startswith("TooEarlyToRefreshTokens")
    assert caller.exact.offences == ["a refresh before 9 min 30 s"]
    caller.exact.clock.advance(1)
    assert caller.refresh().status_code == 200  # the token was not spent


def test_x4_an_early_refresh_may_cost_the_token(caller: Caller) -> None:
    caller.exact.switches.early_refresh_burns = True
    assert caller.refresh().status_code == 400
    caller.exact.clock.advance(600)
    assert caller.refresh().json()["error_description"] == "Old refresh token used"


def test_x5_each_refresh_ends_the_token_before(caller: Caller) -> None:
    old = caller.tokens["refresh_token"]
    caller.renew()
    assert caller.tokens["refresh_token"] != old
    assert caller.exact.offences == []
    answer = caller.refresh(old)
    assert answer.status_code == 400
    assert answer.json()["error_description"] == "Old refresh token used"
    assert caller.exact.offences == ["a refresh token used twice"]


def test_x5_a_token_that_nobody_used_for_thirty_days_is_gone(caller: Caller) -> None:
    caller.exact.clock.advance(30 * 86_400 + 1)
    answer = caller.refresh()
    assert answer.status_code == 400
    assert answer.json() == {
        "error": "invalid_request",
        "error_description": "The refresh token expired at 12/24/2026 9:00:05 AM "
        "and it is now 12/24/2026 9:00:06 AM.",
    }


def test_x5_a_second_consent_of_the_same_person_ends_the_first_chain(caller: Caller) -> None:
    second = caller.trade(caller.code()).json()
    caller.exact.clock.advance(580)
    assert caller.refresh().json()["error_description"] == "Old refresh token used"
    assert caller.refresh(second["refresh_token"]).status_code == 200


def test_x6_the_token_endpoint_takes_two_hundred_calls_a_day(caller: Caller) -> None:
    caller.exact.clock.advance(3600)
    caller.exact.sign_in.calls["2026-11-24"] = 199
    caller.tokens = caller.refresh().json()
    assert caller.exact.offences == []
    assert caller.refresh().status_code == 429
    assert caller.exact.offences[0].startswith("more than 200 token calls")


def test_x6_of_two_refreshes_at_once_one_wins(caller: Caller) -> None:
    caller.exact.clock.advance(580)
    statuses = sorted(caller.refresh().status_code for _ in range(2))
    assert statuses == [200, 400]


def test_x7_an_answer_that_is_lost_after_the_rotation_takes_the_chain_with_it(
    caller: Caller,
) -> None:
    caller.exact.faults.plan("POST oauth2/token", "cut_after")
    caller.exact.clock.advance(580)
    with pytest.raises(httpx2.HTTPError):
        caller.refresh()
    assert caller.refresh().json()["error_description"] == "Old refresh token used"


@pytest.mark.parametrize(
    ("fault", "words"), [("too_early", "access_token not expired"), ("old_token", "Old refresh")]
)
def test_x7_a_refresh_can_be_refused_by_plan_without_an_offence(
    caller: Caller, fault: str, words: str
) -> None:
    caller.exact.faults.plan("POST oauth2/token", fault)
    caller.exact.clock.advance(580)
    assert words in caller.refresh().json()["error_description"]
    assert caller.refresh().status_code == 200
    assert caller.exact.offences == []


def test_x26_its_clock_may_be_a_minute_from_the_clients(exact_online: ExactOnline) -> None:
    exact_online.clock.advance(-60)
    caller = Caller(exact_online)
    exact_online.clock.advance(575)
    assert caller.refresh().status_code == 200
    caller.http.close()
