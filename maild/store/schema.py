"""The tables. No queries here; those of mailboxes are in `schema_mailboxes`.

A change of a table is a change here and a new file in `migrations/versions`; a test compares the
two. Everything is portable SQL: the same tables are to run on PostgreSQL one day.
"""

from __future__ import annotations

from typing import Final

from sqlalchemy import (
    BigInteger,
    Boolean,
    Column,
    Date,
    ForeignKey,
    Index,
    Integer,
    LargeBinary,
    String,
    Table,
    Text,
    UniqueConstraint,
    literal_column,
)

from maild.store import (
    columns,
    schema_access,
    schema_alarms,
    schema_automatic,
    schema_browsing,
    schema_factors,
    schema_machines,
    schema_mailboxes,
    schema_packages,
    schema_refusals,
    schema_returns,
    schema_runs,
    schema_senders,
    schema_suppliers,
    schema_tallies,
    schema_tokens,
    schema_undecided,
    searching,
    tallying,
)
from maild.store.columns import Moment

# The newest revision in migrations/versions; known here so that a start needs no Alembic.
REVISION: Final = "0027"

metadata: Final = columns.metadata  # knows every table below, and these:
alarms: Final = schema_alarms.alarms
automatic: Final = schema_automatic.automatic
tokens: Final = schema_tokens.tokens
leases: Final = schema_mailboxes.leases
mailbox_messages: Final = schema_mailboxes.mailbox_messages
undecided: Final = schema_undecided.undecided
senders: Final = schema_senders.senders
answers: Final = schema_senders.answers
runs: Final = schema_runs.runs
suppliers: Final = schema_suppliers.suppliers
people: Final = schema_access.people
partners: Final = schema_access.partners
links: Final = schema_access.links
sign_ins: Final = schema_access.sign_ins
sessions: Final = schema_access.sessions
trail: Final = schema_access.trail
passkeys: Final = schema_factors.passkeys
code_apps: Final = schema_factors.code_apps
challenges: Final = schema_factors.challenges
devices: Final = schema_factors.devices
packages: Final = schema_packages.packages
pickups: Final = schema_packages.pickups
cleared: Final = schema_packages.cleared
processed: Final = schema_browsing.processed
processed_until: Final = schema_browsing.processed_until
machines: Final = schema_machines.machines
requests: Final = schema_machines.requests
tallies: Final = schema_tallies.tallies
refusals: Final = schema_refusals.refusals
returns: Final = schema_returns.returns
stopped: Final = schema_returns.stopped

arrivals = Table(
    "arrivals",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("door", String(16), nullable=False),
    Column("received_at", Moment, nullable=False),
    Column("sender", Text),
    Column("recipient", Text),
    Column("subject", Text),
    Column("message_id", Text),
    Column("peer", Text),
    Column("size", Integer, nullable=False),
    Column("original", String(64), nullable=False, index=True),
)

documents = Table(
    "documents",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("kind", String(32), nullable=False),
    Column("direction", String(16)),
    Column("number", Text),
    Column("issued_on", Date),
    Column("party_name", Text),
    Column("party_vat", Text),
    Column("total", String(64)),  # a decimal as it was written
    Column("currency", String(3)),
    Column("arrival", ForeignKey("arrivals.id"), nullable=False),
    Column("accepted_at", Moment, nullable=False),
    Column("dated_on", Date, nullable=False),  # its own date, or the day on which it was accepted
    Column("content_sha256", String(64), nullable=False),
    Column("language", String(16)),
    Column("tags", Text, nullable=False),  # a JSON list
    Column("sender", Text),
    Column("correction_of", String(32)),
    Column("review", String(16)),
    Column("same_number_key", Text),
    Column("near_key", Text),
    Column("facts", Text),  # JSON: what is booked of it, to know a copy in other bytes
    Column("number_folded", Text),  # what a search looks in: case folded by Python, for é as well
    Column("party_folded", Text),
    Column("trace", Text, nullable=False),  # see rows.of_trace
    Column("warnings", Text, nullable=False),  # a JSON list
    UniqueConstraint("team", "content_sha256"),
    Index("ix_documents_team_id", "team", "id"),
    Index("ix_documents_team_number", "team", "number_folded", "id"),
    Index("ix_documents_team_party", "team", "party_folded", "id"),
    # `id` stands in it for the order: without, SQLite reads a whole team in the order of its ids.
    Index("ix_documents_same_number", "team", "same_number_key", "id"),
    Index("ix_documents_dated", "team", "dated_on", "id"),
    Index("ix_documents_accepted", "team", "accepted_at", "direction", "id"),
    Index("ix_documents_near", "team", "near_key", "issued_on"),
    Index("ix_documents_review", "review", "id"),
)

arrival_documents = Table(
    "arrival_documents",
    metadata,
    Column("document", ForeignKey("documents.id"), primary_key=True),
    Column("arrival", ForeignKey("arrivals.id"), primary_key=True, index=True),
)

files = Table(
    "files",
    metadata,
    Column("document", ForeignKey("documents.id"), primary_key=True),
    Column("role", String(16), primary_key=True),
    Column("sha256", String(64), primary_key=True, index=True),
    Column("name", Text, primary_key=True),
    Column("position", Integer, nullable=False),
    Column("media_type", Text, nullable=False),
    Column("size", Integer, nullable=False),
    Column("made", Boolean, nullable=False),
)

small_blobs = Table(
    "small_blobs",
    metadata,
    Column("sha256", String(64), primary_key=True),
    Column("content", LargeBinary, nullable=False),
)

deliveries = Table(
    "deliveries",
    metadata,
    Column("id", String(32), primary_key=True),
    Column("team", String(64), nullable=False),
    Column("purpose", String(16), nullable=False),
    Column("document", ForeignKey("documents.id")),
    Column("recipient", Text),
    Column("address", Text, nullable=False),
    Column("via", String(64), nullable=False),
    Column("profile", String(64), nullable=False),
    Column("attach", Text, nullable=False),  # names with a comma between
    Column("state", String(16), nullable=False),
    Column("not_before", Moment, nullable=False),
    Column("created_at", Moment, nullable=False),
    Column("message_id", Text, nullable=False),
    Column("part", Integer, nullable=False),
    Column("generation", Integer, nullable=False),
    Column("priority", Integer, nullable=False),
    Column("claim_no", Integer, nullable=False),
    Column("tries", Integer, nullable=False),
    Column("losses", Integer, nullable=False),
    Column("reason", Text),
    Column("hold_code", String(16)),
    Column("message", String(64), index=True),
    Column("named", Boolean, nullable=False),
    Column("letter", Text),  # JSON: subject, text, html
    Column("deadline_at", Moment),
    Column("owner", String(64)),  # who holds the lease; empty: nobody
    Column("lease_until", Moment),
    Column("told", Text),  # the JSON of a reason with its code and facts
    UniqueConstraint("document", "via", "address", "purpose", "part", "generation"),
    Index("ix_deliveries_team_id", "team", "id"),
    Index("ix_deliveries_state", "state", "id"),
)

# What a claim may take. Literals and not parameters, since SQLite uses a partial index only when it
# can see that the query implies it (sqlite.org/partialindex.html section 3). The empty string keeps
# its planner from taking the index on `state` instead, which would read and sort the whole queue.
claimable = deliveries.c.state.op("||", precedence=7)(literal_column("''")).in_(
    [literal_column("'queued'"), literal_column("'uncertain'")]
) & deliveries.c.owner.is_(None)

# Only rows that wait are in these two, so a million finished deliveries cost a claim nothing.
Index(
    "ix_deliveries_claimable",
    deliveries.c.via,
    deliveries.c.priority,
    deliveries.c.not_before,
    deliveries.c.id,
    sqlite_where=claimable,
    postgresql_where=claimable,
)
Index(
    "ix_deliveries_leased",
    deliveries.c.owner,
    sqlite_where=deliveries.c.owner.is_not(None),
    postgresql_where=deliveries.c.owner.is_not(None),
)

# What waits for a person's yes or no (`waiting`); a team in shadow mode holds a million beside it.
asked = (deliveries.c.state == literal_column("'held'")) & deliveries.c.hold_code.not_in(
    [literal_column("'shadow'"), literal_column("'review'"), literal_column("'restored'")]
)
Index(
    "ix_deliveries_asked",
    deliveries.c.team,
    deliveries.c.document,
    sqlite_where=asked,
    postgresql_where=asked,
)

# What no rule took, and what exports made: few among a million others. `LIKE` with a literal, as above.
# The text is in the JSON of a trace; a rule may hit and send to nobody.
unruled = documents.c.review.is_(None) & documents.c.trace.not_like(
    literal_column("""'%", true, "%'""")
)
packed = documents.c.kind == literal_column("'export'")
Index(
    "ix_documents_unruled",
    documents.c.review,  # for the planner, which takes the index that says most
    documents.c.accepted_at,
    documents.c.team,
    sqlite_where=unruled,
    postgresql_where=unruled,
)
Index(
    "ix_documents_packed",
    documents.c.kind,  # the same
    documents.c.team,
    documents.c.accepted_at,
    sqlite_where=packed,
    postgresql_where=packed,
)

attempts = Table(
    "attempts",
    metadata,
    Column("delivery", ForeignKey("deliveries.id"), primary_key=True),
    Column("n", Integer, primary_key=True, autoincrement=False),
    Column("started_at", Moment, nullable=False),
    Column("outcome", String(16), nullable=False),
    Column("reply", Text),
    Column("ended_at", Moment),
    # The id that the provider gave the mail, if its reply says.
    Column("sent_as", Text, index=True),
)

events = Table(
    "events",
    metadata,
    Column("id", BigInteger().with_variant(Integer, "sqlite"), primary_key=True),
    Column("at", Moment, nullable=False),
    Column("event", String(64), nullable=False),
    Column("team", String(64)),
    Column("document", String(32), index=True),
    Column("delivery", String(32)),
    Column("detail", Text, nullable=False),
    Column("actor", Text, nullable=False),
)

marks = Table(
    "marks",
    metadata,
    Column("name", String(255), primary_key=True),
    Column("value", Text, nullable=False),  # JSON
    Column("at", Moment, nullable=False),
)

tallying.attach(deliveries, tallying.OF_DELIVERIES)
tallying.attach(documents, (*tallying.OF_DOCUMENTS, *searching.OF_DOCUMENTS))
