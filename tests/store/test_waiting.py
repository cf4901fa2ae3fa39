"""What waits for a person is found without reading all that is held."""

from __future__ import annotations

from pathlib import Path

from sqlalchemy import text

from maild.model.delivery import HoldCode
from maild.model.document import Direction
from maild.store import engines, migrate, schema
from maild.store.waiting import NOT_ASKED, waiting


def test_a_million_held_deliveries_cost_the_question_nothing(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    path.touch()
    migrate.bring_up_to_date(path, allowed=True)
    asked: list[str] = []
    engine = engines.writer_engine(path)
    with engine.connect() as tx:

        class Watched:
            """Keeps what is asked in words, with its values."""

            def execute(self, query: object) -> object:
                compiled = query.compile(engine, compile_kwargs={"literal_binds": True})  # type: ignore[attr-defined]
                asked.append(str(compiled))
                return tx.execute(query)  # type: ignore[call-overload]

        assert waiting(Watched(), team="acme", direction=Direction.PURCHASE) == ()  # type: ignore[arg-type]
        plans = [
            " ".join(row.detail for row in tx.execute(text(f"EXPLAIN QUERY PLAN {one}")))
            for one in asked
        ]
    engine.dispose()
    assert "ix_documents_review" in plans[0]
    assert "ix_deliveries_asked" in plans[1]


def test_the_index_holds_what_the_question_is_about() -> None:
    words = str(schema.asked)
    assert [one for one in HoldCode if f"'{one}'" in words] == [
        one for one in HoldCode if one.value in NOT_ASKED
    ]
