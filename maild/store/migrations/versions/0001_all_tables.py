"""Make all tables."""

from __future__ import annotations

import sqlalchemy as sa
from alembic import op

revision = "0001"
down_revision = None

# Copied from maild.store.tallying as it was: a step that has run somewhere never changes.
_MORE = """
    INSERT INTO tallies (team, state, n) VALUES (NEW.team, NEW.state, 1)
    ON CONFLICT (team, state) DO UPDATE SET n = n + 1;
"""
_LESS = "UPDATE tallies SET n = n - 1 WHERE team = OLD.team AND state = OLD.state;"
_TRIGGERS = (
    f"CREATE TRIGGER tally_insert AFTER INSERT ON deliveries BEGIN {_MORE} END",
    f"CREATE TRIGGER tally_update AFTER UPDATE OF state ON deliveries BEGIN {_LESS} {_MORE} END",
    f"CREATE TRIGGER tally_delete AFTER DELETE ON deliveries BEGIN {_LESS} END",
)


def upgrade() -> None:
    _arrivals()
    _events()
    _marks()
    _refusals()
    _runs()
    _small_blobs()
    _tallies()
    _documents()
    _arrival_documents()
    _deliveries()
    _files()
    _attempts()
    for trigger in _TRIGGERS:
        op.execute(trigger)


def _arrivals() -> None:
    op.create_table(
        "arrivals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("door", sa.String(16), nullable=False),
        sa.Column("received_at", sa.String(27), nullable=False),
        sa.Column("sender", sa.Text()),
        sa.Column("recipient", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("message_id", sa.Text()),
        sa.Column("peer", sa.Text()),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("original", sa.String(64), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_arrivals"),
    )
    op.create_index("ix_arrivals_original", "arrivals", ["original"])


def _events() -> None:
    op.create_table(
        "events",
        sa.Column("id", sa.BigInteger().with_variant(sa.Integer(), "sqlite"), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("event", sa.String(64), nullable=False),
        sa.Column("team", sa.String(64)),
        sa.Column("document", sa.String(32)),
        sa.Column("delivery", sa.String(32)),
        sa.Column("detail", sa.Text(), nullable=False),
        sa.Column("actor", sa.Text(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_events"),
    )
    op.create_index("ix_events_document", "events", ["document"])


def _marks() -> None:
    op.create_table(
        "marks",
        sa.Column("name", sa.String(255), nullable=False),
        sa.Column("value", sa.Text(), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("name", name="pk_marks"),
    )


def _refusals() -> None:
    op.create_table(
        "refusals",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.Column("peer", sa.Text()),
        sa.Column("sender", sa.Text()),
        sa.Column("recipient", sa.Text()),
        sa.Column("subject", sa.Text()),
        sa.Column("code", sa.String(16), nullable=False),
        sa.Column("message", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("original", sa.String(64)),
        sa.Column("told", sa.Boolean(), nullable=False),
        sa.PrimaryKeyConstraint("id", name="pk_refusals"),
    )
    op.create_index("ix_refusals_at", "refusals", ["at"])
    op.create_index("ix_refusals_original", "refusals", ["original"])
    op.create_index("ix_refusals_peer", "refusals", ["team", "peer", "at"])
    op.create_index("ix_refusals_team_id", "refusals", ["team", "id"])


def _runs() -> None:
    op.create_table(
        "runs",
        sa.Column("schedule", sa.String(128), nullable=False),
        sa.Column("period", sa.String(32), nullable=False),
        sa.Column("at", sa.String(27), nullable=False),
        sa.PrimaryKeyConstraint("schedule", "period", name="pk_runs"),
    )


def _small_blobs() -> None:
    op.create_table(
        "small_blobs",
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("content", sa.LargeBinary(), nullable=False),
        sa.PrimaryKeyConstraint("sha256", name="pk_small_blobs"),
    )


def _tallies() -> None:
    op.create_table(
        "tallies",
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("n", sa.Integer(), nullable=False),
        sa.PrimaryKeyConstraint("team", "state", name="pk_tallies"),
    )


def _documents() -> None:
    op.create_table(
        "documents",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("kind", sa.String(32), nullable=False),
        sa.Column("direction", sa.String(16)),
        sa.Column("number", sa.Text()),
        sa.Column("issued_on", sa.Date()),
        sa.Column("party_name", sa.Text()),
        sa.Column("party_vat", sa.Text()),
        sa.Column("total", sa.String(64)),
        sa.Column("currency", sa.String(3)),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.Column("accepted_at", sa.String(27), nullable=False),
        sa.Column("content_sha256", sa.String(64), nullable=False),
        sa.Column("language", sa.String(16)),
        sa.Column("tags", sa.Text(), nullable=False),
        sa.Column("sender", sa.Text()),
        sa.Column("correction_of", sa.String(32)),
        sa.Column("review", sa.String(16)),
        sa.Column("same_number_key", sa.Text()),
        sa.Column("number_folded", sa.Text()),
        sa.Column("party_folded", sa.Text()),
        sa.Column("trace", sa.Text(), nullable=False),
        sa.Column("warnings", sa.Text(), nullable=False),
        sa.ForeignKeyConstraint(["arrival"], ["arrivals.id"], name="fk_documents_arrival"),
        sa.PrimaryKeyConstraint("id", name="pk_documents"),
        sa.UniqueConstraint("team", "content_sha256", name="uq_documents_team_content_sha256"),
    )
    op.create_index("ix_documents_review", "documents", ["review", "id"])
    op.create_index("ix_documents_same_number", "documents", ["team", "same_number_key", "id"])
    op.create_index("ix_documents_team_id", "documents", ["team", "id"])
    op.create_index("ix_documents_team_number", "documents", ["team", "number_folded", "id"])
    op.create_index("ix_documents_team_party", "documents", ["team", "party_folded", "id"])


def _arrival_documents() -> None:
    op.create_table(
        "arrival_documents",
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("arrival", sa.String(32), nullable=False),
        sa.ForeignKeyConstraint(["arrival"], ["arrivals.id"], name="fk_arrival_documents_arrival"),
        sa.ForeignKeyConstraint(
            ["document"], ["documents.id"], name="fk_arrival_documents_document"
        ),
        sa.PrimaryKeyConstraint("document", "arrival", name="pk_arrival_documents"),
    )


def _deliveries() -> None:
    op.create_table(
        "deliveries",
        sa.Column("id", sa.String(32), nullable=False),
        sa.Column("team", sa.String(64), nullable=False),
        sa.Column("purpose", sa.String(16), nullable=False),
        sa.Column("document", sa.String(32)),
        sa.Column("recipient", sa.Text()),
        sa.Column("address", sa.Text(), nullable=False),
        sa.Column("via", sa.String(64), nullable=False),
        sa.Column("profile", sa.String(64), nullable=False),
        sa.Column("attach", sa.Text(), nullable=False),
        sa.Column("state", sa.String(16), nullable=False),
        sa.Column("not_before", sa.String(27), nullable=False),
        sa.Column("created_at", sa.String(27), nullable=False),
        sa.Column("message_id", sa.Text(), nullable=False),
        sa.Column("part", sa.Integer(), nullable=False),
        sa.Column("generation", sa.Integer(), nullable=False),
        sa.Column("priority", sa.Integer(), nullable=False),
        sa.Column("claim_no", sa.Integer(), nullable=False),
        sa.Column("tries", sa.Integer(), nullable=False),
        sa.Column("losses", sa.Integer(), nullable=False),
        sa.Column("reason", sa.Text()),
        sa.Column("hold_code", sa.String(16)),
        sa.Column("message", sa.String(64)),
        sa.Column("named", sa.Boolean(), nullable=False),
        sa.Column("letter", sa.Text()),
        sa.Column("deadline_at", sa.String(27)),
        sa.Column("owner", sa.String(64)),
        sa.Column("lease_until", sa.String(27)),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_deliveries_document"),
        sa.PrimaryKeyConstraint("id", name="pk_deliveries"),
        sa.UniqueConstraint(
            "document",
            "via",
            "address",
            "purpose",
            "part",
            "generation",
            name="uq_deliveries_document_via_address_purpose_part_generation",
        ),
    )
    op.create_index(
        "ix_deliveries_claimable",
        "deliveries",
        ["via", "priority", "not_before", "id"],
        sqlite_where=sa.text("state || '' IN ('queued', 'uncertain') AND owner IS NULL"),
        postgresql_where=sa.text("state || '' IN ('queued', 'uncertain') AND owner IS NULL"),
    )
    op.create_index(
        "ix_deliveries_leased",
        "deliveries",
        ["owner"],
        sqlite_where=sa.text("owner IS NOT NULL"),
        postgresql_where=sa.text("owner IS NOT NULL"),
    )
    op.create_index("ix_deliveries_message", "deliveries", ["message"])
    op.create_index("ix_deliveries_state", "deliveries", ["state", "id"])
    op.create_index("ix_deliveries_team_id", "deliveries", ["team", "id"])


def _files() -> None:
    op.create_table(
        "files",
        sa.Column("document", sa.String(32), nullable=False),
        sa.Column("role", sa.String(16), nullable=False),
        sa.Column("sha256", sa.String(64), nullable=False),
        sa.Column("name", sa.Text(), nullable=False),
        sa.Column("position", sa.Integer(), nullable=False),
        sa.Column("media_type", sa.Text(), nullable=False),
        sa.Column("size", sa.Integer(), nullable=False),
        sa.Column("made", sa.Boolean(), nullable=False),
        sa.ForeignKeyConstraint(["document"], ["documents.id"], name="fk_files_document"),
        sa.PrimaryKeyConstraint("document", "role", "sha256", "name", name="pk_files"),
    )
    op.create_index("ix_files_sha256", "files", ["sha256"])


def _attempts() -> None:
    op.create_table(
        "attempts",
        sa.Column("delivery", sa.String(32), nullable=False),
        sa.Column("n", sa.Integer(), autoincrement=False, nullable=False),
        sa.Column("started_at", sa.String(27), nullable=False),
        sa.Column("outcome", sa.String(16), nullable=False),
        sa.Column("reply", sa.Text()),
        sa.Column("ended_at", sa.String(27)),
        sa.ForeignKeyConstraint(["delivery"], ["deliveries.id"], name="fk_attempts_delivery"),
        sa.PrimaryKeyConstraint("delivery", "n", name="pk_attempts"),
    )
