from __future__ import annotations

import shutil
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import pytest
from alembic import command
from alembic.autogenerate import compare_metadata
from alembic.config import Config
from alembic.migration import MigrationContext
from alembic.script import ScriptDirectory
from sqlalchemy import Connection

from maild.errors import UserError
from maild.store import engines, migrate, schema

NEXT = f'''"""One more column."""

import sqlalchemy as sa
from alembic import op

revision = "next"
down_revision = "{schema.REVISION}"


def upgrade() -> None:
    with op.batch_alter_table("arrivals") as table:
        table.add_column(sa.Column("colour", sa.Text()))
        table.alter_column("door", type_=sa.String(99))
'''


def opened(path: Path) -> sqlite3.Connection:
    return sqlite3.connect(path)


def made(path: Path) -> Path:
    path.touch()
    migrate.bring_up_to_date(path, allowed=True)
    return path


def test_the_steps_make_exactly_the_tables_of_the_schema(tmp_path: Path) -> None:
    engine = engines.writer_engine(made(tmp_path / "maild.db"))
    with engine.connect() as tx:
        context = MigrationContext.configure(
            tx, opts={"compare_type": True, "include_object": of_ours}
        )
        assert compare_metadata(context, schema.metadata) == []
        made_by_steps = words(tx)
    engine.dispose()
    (tmp_path / "other.db").touch()
    engine = engines.writer_engine(tmp_path / "other.db")
    with engine.connect() as tx:
        schema.metadata.create_all(tx)
        assert made_by_steps == words(tx)
    engine.dispose()


def of_ours(_thing: object, name: str | None, *_: object) -> bool:
    """Not the tables of FTS5's index: SQLAlchemy has no word for such a table."""
    return not str(name).startswith("trigrams")


def words(tx: Connection) -> dict[str, str]:
    """What Alembic does not compare, in its words: conditions of indexes, triggers, FTS5's tables."""
    query = "SELECT name, sql FROM sqlite_master WHERE sql <> '' AND "
    query += "(type IN ('index', 'trigger') OR name LIKE 'trigrams%')"
    return {row[0]: " ".join(row[1].split()) for row in tx.exec_driver_sql(query)}


def test_the_newest_revision_is_the_one_the_code_names() -> None:
    assert ScriptDirectory.from_config(migrate._config()).get_current_head() == schema.REVISION


def test_two_processes_that_start_together_take_turns(tmp_path: Path) -> None:
    path = tmp_path / "maild.db"
    path.touch()
    with ThreadPoolExecutor(4) as pool:
        list(pool.map(lambda _: migrate.bring_up_to_date(path, allowed=True), range(4)))
    assert opened(path).execute("SELECT version_num FROM alembic_version").fetchall() == [
        (schema.REVISION,)
    ]


def test_a_newer_database_is_refused_and_left_alone(tmp_path: Path) -> None:
    path = made(tmp_path / "maild.db")
    other = opened(path)
    other.execute("UPDATE alembic_version SET version_num = '9999'")
    other.commit()
    other.close()
    before = path.read_bytes()
    with pytest.raises(UserError, match=r"newer maild .*9999"):
        migrate.bring_up_to_date(path, allowed=True)
    assert path.read_bytes() == before


@pytest.fixture
def old(tmp_path: Path) -> Path:
    """A database of this version with one document in it."""
    path = made(tmp_path / "maild.db")
    connection = opened(path)
    connection.executescript(
        "INSERT INTO arrivals (id, team, door, received_at, size, original)"
        " VALUES ('a-1', 'acme', 'smtp', '', 1, '');"
        "INSERT INTO documents (id, team, kind, arrival, accepted_at, dated_on, content_sha256, tags,"
        " trace, warnings) VALUES ('d-1', 'acme', 'invoice', 'a-1', '', '2026-01-01', '', '[]', '[]', '[]');"
    )
    connection.close()
    return path


@pytest.fixture
def outdated(old: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The same database, looked at by the maild of one step later."""
    steps = tmp_path / "steps"
    shutil.copytree(migrate._STEPS, steps)
    (steps / "versions" / "next.py").write_text(NEXT)
    monkeypatch.setattr(migrate, "_STEPS", steps)
    monkeypatch.setattr(migrate, "REVISION", "next")
    return old


def test_an_update_keeps_what_is_there_and_lays_a_copy_beside_it(outdated: Path) -> None:
    migrate.bring_up_to_date(outdated, allowed=True)
    assert opened(outdated).execute("SELECT id, colour FROM arrivals").fetchall() == [("a-1", None)]
    (copy,) = outdated.parent.glob(f"maild.db.{schema.REVISION}-*Z")
    assert opened(copy).execute("SELECT id FROM documents").fetchall() == [("d-1",)]
    assert copy.stat().st_mode & 0o077 == 0


def test_only_the_newest_copies_are_kept_and_other_files_are_left_alone(outdated: Path) -> None:
    other = outdated.parent / "maild.db.mine"
    others = [outdated.parent / f"maild.db.0001-2026010{day}T000000Z" for day in range(1, 6)]
    for one in (other, *others):
        one.write_bytes(b"older")
    migrate.bring_up_to_date(outdated, allowed=True)
    assert other.exists()
    assert [one.exists() for one in others] == [False, False, False, True, True]
    assert list(outdated.parent.glob(f"maild.db.{schema.REVISION}-*Z"))


def test_an_update_that_was_not_allowed_is_asked_for(outdated: Path) -> None:
    with pytest.raises(UserError, match="older maild"):
        migrate.bring_up_to_date(outdated, allowed=False)
    assert opened(outdated).execute("SELECT version_num FROM alembic_version").fetchall() == [
        (schema.REVISION,)
    ]


def test_an_update_that_would_break_a_reference_changes_nothing(outdated: Path) -> None:
    step = migrate._STEPS / "versions" / "next.py"
    with step.open("a") as more:
        more.write('    op.execute("DELETE FROM arrivals")\n')
    with pytest.raises(UserError, match="point at nothing"):
        migrate.bring_up_to_date(outdated, allowed=True)
    assert opened(outdated).execute("SELECT id FROM arrivals").fetchall() == [("a-1",)]
    assert opened(outdated).execute("SELECT version_num FROM alembic_version").fetchall() == [
        (schema.REVISION,)
    ]


def test_the_runs_of_an_older_version_are_done(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "maild.db"
    path.touch()
    with monkeypatch.context() as older:
        older.setattr(migrate, "_upgrade", partial(upgraded, to="0007"))
        migrate.bring_up_to_date(path, allowed=True)
    connection = opened(path)
    connection.execute("INSERT INTO runs VALUES ('receipts', '2026-03-27T12Z', 'then')")
    connection.commit()
    connection.close()
    migrate.bring_up_to_date(path, allowed=True)
    query = "SELECT period, state, due_at, ended_at, tries FROM runs"
    found = [("2026-03-27T12Z", "done", "then", "then", 1)]
    assert opened(path).execute(query).fetchall() == found


def upgraded(config: Config, tx: Connection, *, to: str) -> None:
    config.attributes["connection"] = tx
    command.upgrade(config, to)
