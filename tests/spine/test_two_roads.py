"""An inbox and another inbox of the same books: a document takes one road, and everybody sees why."""

from __future__ import annotations

from pathlib import Path

from tests.spine import papers
from tests.spine.conftest import Running
from tests.spine.house import ACCOUNTANT, BOOKS, House
from tests.spine.post import a_mail
from tests.spine.sinks import Sink

EXACT = "acme@exact.example"
SECOND = (
    (
        "owner      =",
        f'exact = {{ via = "relay", address = "{EXACT}", profile = "exact" }}\nowner =',
    ),
    ('to = ["accountant", "books"]', 'to = ["accountant", "exact", "books"]'),
)
WHY = "not sent to exact: books brings it into the same books already"


def test_a_document_takes_one_road_and_a_person_may_send_it_by_the_other(
    run: Running, house: House, sink: Sink, tmp_path: Path
) -> None:
    daemon = run(*SECOND)
    checked = house.maild("check")
    assert checked.code == 0
    assert '"books" stands first among the recipients and gets it' in checked.out
    assert daemon.hand_in(a_mail(("f.xml", papers.invoice("2026-001")))).code == 250
    shown = house.settled("2026-001", "handed_over", "handed_over", "cancelled")
    [over] = [one for one in shown["deliveries"] if one["state"] == "cancelled"]
    assert (over["recipient"], over["reason"], over["hold_code"]) == ("exact", WHY, "same_books")
    assert (len(sink.to(ACCOUNTANT)), len(sink.to(BOOKS)), len(sink.to(EXACT))) == (1, 1, 0)
    assert WHY in house.maild("documents", "show", shown["id"]).out
    assert WHY in house.maild("queue", "list", "--all").out
    paper = tmp_path / "f.xml"
    paper.write_bytes(papers.invoice("2026-002"))
    assert WHY in house.maild("explain", str(paper), "--team", "acme").out
    house.json("documents", "resend", shown["id"], "--to", "exact")
    sink.wait_for(EXACT)
    assert len(sink.to(BOOKS)) == 1
