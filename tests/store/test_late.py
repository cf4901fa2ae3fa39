"""What waits since long ago is found without reading what has gone."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path

from sqlalchemy import text

from maild.store import engines, migrate
from maild.store.late import kept_waiting


def test_a_million_finished_deliveries_cost_the_question_nothing(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    path.touch()
    migrate.bring_up_to_date(path, allowed=True)
    asked: list[str] = []
    engine, now = engines.writer_engine(path), datetime.now(UTC)
    with engine.connect() as tx:

        class Watched:
            """Keeps what is asked in words, with its values."""

            dialect = tx.dialect

            def execute(self, query: object) -> object:
                compiled = query.compile(engine, compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
                asked.append(str(compiled))
                return tx.execute(query)  # type: ignore[call-overload]

            def __getattr__(self, name: str) -> object:
                return getattr(tx, name)

        edge = now - timedelta(hours=4)
        assert kept_waiting(Watched(), resting=["relay"], edge=edge, now=now) == ()  # type: ignore[arg-type]
        words = asked[0].replace(":", r"\:")
        plan = tx.execute(text(f"EXPLAIN QUERY PLAN {words}")).all()
    engine.dispose()
    assert "ix_deliveries_claimable" in plan[0].detail
    assert all(row.detail.startswith(("SEARCH", "CORRELATED")) for row in plan[1:])
