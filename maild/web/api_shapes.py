"""What the API answers, field by field: each answer is made by these, and openapi.json shows them."""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field


class Shape(BaseModel):
    """A part of an answer; what is not named here does not leave."""

    model_config = ConfigDict(extra="ignore", frozen=True)


class ProblemPart(Shape):
    """One thing that is wrong."""

    term: str = Field(description='Where: a business term ("BT-1"), a key, a field; or empty.')
    code: str = Field(description="The same for the same kind of problem; for programs.")
    message: str = Field(description="For a person.")


class ProblemAnswer(Shape):
    """Why there is no other answer (RFC 9457)."""

    type: str
    title: str
    status: int
    detail: str = ""
    problems: tuple[ProblemPart, ...] = ()


class Handed(Shape):
    """A document that was handed in."""

    id: str
    kind: str
    number: str | None
    repeated: bool = Field(description="It was there before; nothing of it goes out twice.")
    url: str


class HandedAnswer(Shape):
    """What became of what was handed in."""

    documents: tuple[Handed, ...]
    warnings: tuple[str, ...] = Field(description="What was odd about them.")
    note: str = Field(description="What it was instead, when it was no document.")


class PartyPart(Shape):
    """The other side of a document."""

    name: str | None
    vat: str | None


class FilePart(Shape):
    """A file of a document."""

    role: str
    name: str
    media_type: str
    size: int
    sha256: str
    url: str


class AttemptPart(Shape):
    """A try to deliver."""

    n: int
    started_at: str
    ended_at: str | None
    outcome: str
    reply: str | None


class ReturnPart(Shape):
    """What came back about a delivery."""

    at: str
    kind: str
    action: str
    status: str | None
    diagnostic: str | None
    reason: str


class DeliveryPart(Shape):
    """A document on its way to one recipient."""

    id: str
    recipient: str | None
    address: str
    connector: str
    state: str
    reason: str | None
    attempts: tuple[AttemptPart, ...]
    returns: tuple[ReturnPart, ...]


class RulePart(Shape):
    """What a rule said of a document."""

    rule: str
    hit: bool
    reason: str


class StoryPart(Shape):
    """Something that happened to a document."""

    at: str
    event: str
    detail: str


class DocumentAnswer(Shape):
    """A document and its fate."""

    id: str
    team: str
    kind: str
    direction: str | None
    number: str | None
    issued_on: str | None
    counterparty: PartyPart
    total: str | None = Field(description="A decimal, with VAT.")
    currency: str | None
    accepted_at: str
    review: str | None = Field(description='"waiting" while a person has to decide.')
    correction_of: str | None
    files: tuple[FilePart, ...]
    trace: tuple[RulePart, ...]
    deliveries: tuple[DeliveryPart, ...]
    story: tuple[StoryPart, ...]


class EventPart(Shape):
    """A line of the history of the team."""

    id: int
    at: str
    event: str
    document: str | None
    delivery: str | None
    detail: str


class EventsAnswer(Shape):
    """What happened, oldest first."""

    events: tuple[EventPart, ...]
    next: int = Field(description="Ask on with after=next.")
    more: bool = Field(description="Whether there is more now; it may be that of other teams.")
