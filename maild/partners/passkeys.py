"""Passkeys: a device signs a question of ours after it saw that its owner is there. Both factors at once.

Nothing is asked about the make of the device. Source: W3C Web Authentication Level 3, sections 7.1
and 7.2, done by the library `webauthn`; which question is whose, and that it is answered once, is ours.
"""

from __future__ import annotations

import json
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from functools import partial
from ipaddress import ip_address
from typing import Final
from urllib.parse import urlsplit

import webauthn
from webauthn.helpers.exceptions import WebAuthnException
from webauthn.helpers.structs import (
    AuthenticatorSelectionCriteria,
    PublicKeyCredentialDescriptor,
    ResidentKeyRequirement,
    UserVerificationRequirement,
)

from maild.errors import UserError
from maild.model.access import Factor
from maild.model.factors import Passkey
from maild.model.ids import new_id
from maild.model.said import Said
from maild.partners.factors import Factors
from maild.partners.sessions import Guest, Opened, Visitor
from maild.store import factors, people
from maild.store.database import Tx
from maild.store.link_secrets import sha256_text

GOOD_FOR: Final = timedelta(minutes=5)
MOST: Final = 20
_LONGEST_NAME: Final = 100
_UNREADABLE: Final = (WebAuthnException, ValueError, KeyError, TypeError)


@dataclass(frozen=True, slots=True)
class Passkeys:
    """The passkeys of everybody, for the pages at `url`."""

    factors: Factors
    url: str

    @property
    def possible(self) -> bool:
        """Whether browsers make passkeys for these pages: they do for names, never for IP addresses."""
        try:
            ip_address(self._host)
        except ValueError:
            return bool(self._host)
        return False

    async def begin(self, visitor: Visitor) -> str:
        """What the browser is asked to make, as JSON. Raises UserError without a fresh proof."""
        challenge = secrets.token_bytes(32)

        def write(tx: Tx) -> Sequence[Passkey]:
            self.factors.must_be_fresh(tx, visitor)
            self._keep(tx, _of(visitor), challenge=challenge)
            return factors.held(tx, visitor.person.id).passkeys

        mine = await self.factors.db.write(write)
        options = webauthn.generate_registration_options(
            rp_id=self._host,
            rp_name="maild",
            user_id=visitor.person.id.encode(),
            user_name=visitor.person.email,
            challenge=challenge,
            exclude_credentials=[PublicKeyCredentialDescriptor(one.credential) for one in mine],
            authenticator_selection=AuthenticatorSelectionCriteria(
                resident_key=ResidentKeyRequirement.REQUIRED,
                user_verification=UserVerificationRequirement.REQUIRED,
            ),
        )
        return webauthn.options_to_json(options)

    async def add(self, answer: str, *, name: str, visitor: Visitor, guest: Guest) -> Opened | None:
        """Keep the passkey that a browser made; a whole session when the visitor had half of one.

        Raises UserError when the answer is not the one that was asked for.
        """
        return await self.factors.db.write(
            partial(self._add, answer=answer, name=name, visitor=visitor, guest=guest)
        )

    async def ask(self, browser: str, *, visitor: Visitor | None) -> str:
        """What a passkey is asked to sign, as JSON. `browser` is the nonce of one at the door."""
        challenge = secrets.token_bytes(32)

        def write(tx: Tx) -> Sequence[Passkey]:
            self._keep(tx, _holder(visitor, browser), challenge=challenge)
            return factors.held(tx, visitor.person.id).passkeys if visitor else ()

        mine = await self.factors.db.write(write)
        options = webauthn.generate_authentication_options(
            rp_id=self._host,
            challenge=challenge,
            allow_credentials=[PublicKeyCredentialDescriptor(one.credential) for one in mine],
            user_verification=UserVerificationRequirement.REQUIRED,
        )
        return webauthn.options_to_json(options)

    async def enter(
        self, answer: str, *, browser: str, visitor: Visitor | None, guest: Guest
    ) -> Opened | None:
        """Sign in whom the passkey belongs to; None when it is not known, or the answer is wrong."""
        return await self.factors.db.write(
            partial(self._enter, answer=answer, browser=browser, visitor=visitor, guest=guest)
        )

    def _add(
        self, tx: Tx, *, answer: str, name: str, visitor: Visitor, guest: Guest
    ) -> Opened | None:
        now = self.factors.now()
        self.factors.must_be_fresh(tx, visitor)
        challenge = factors.take_challenge(tx, _of(visitor), now=now)
        if len(factors.held(tx, visitor.person.id).passkeys) >= MOST:
            english = f"{MOST} passkeys are enough; remove one first"
            raise UserError(Said("passkeys_enough", english, most=MOST))
        try:
            made = webauthn.verify_registration_response(
                credential=answer,
                expected_challenge=challenge or secrets.token_bytes(32),
                expected_rp_id=self._host,
                expected_origin=self.url,
                require_user_verification=True,
            )
        except _UNREADABLE as fault:
            english = "the browser did not give the passkey that was asked for; try again"
            raise UserError(Said("passkey_odd", english)) from fault
        if factors.passkey(tx, made.credential_id) is not None:
            raise UserError(Said("passkey_known", "this passkey is known already"))
        one = Passkey(
            id=new_id("y"),
            person=visitor.person.id,
            credential=made.credential_id,
            key=made.credential_public_key,
            uses=made.sign_count,
            name=" ".join(name.split())[:_LONGEST_NAME],
            created_at=now,
        )
        factors.add_passkey(tx, one)
        self.factors.note(tx, visitor, action="passkey.added", object_=one.id, name=one.name)
        return self.factors.raised(tx, visitor, factor=Factor.PASSKEY, guest=guest)

    def _enter(
        self, tx: Tx, *, answer: str, browser: str, visitor: Visitor | None, guest: Guest
    ) -> Opened | None:
        now = self.factors.now()
        challenge = factors.take_challenge(tx, _holder(visitor, browser), now=now)
        known = factors.passkey(tx, _credential(answer))
        if challenge is None or known is None or not (visitor or browser):
            return None
        if visitor is not None and visitor.person.id != known.person:
            return None
        try:
            proved = webauthn.verify_authentication_response(
                credential=answer,
                expected_challenge=challenge,
                expected_rp_id=self._host,
                expected_origin=self.url,
                credential_public_key=known.key,
                credential_current_sign_count=known.uses,
                require_user_verification=True,
            )
        except _UNREADABLE:
            return None
        factors.passkey_used(tx, known, uses=proved.new_sign_count, now=now)
        sessions = self.factors.sessions
        if visitor is not None:
            return sessions.replace(tx, visitor, factor=Factor.PASSKEY, guest=guest)
        person = people.get(tx, known.person)
        return sessions.open(tx, person, factor=Factor.PASSKEY, guest=guest)

    def _keep(self, tx: Tx, holder: str, *, challenge: bytes) -> None:
        until = self.factors.now() + GOOD_FOR
        factors.keep_challenge(tx, holder, challenge=challenge, expires_at=until)

    @property
    def _host(self) -> str:
        return urlsplit(self.url).hostname or ""


def _holder(visitor: Visitor | None, browser: str) -> str:
    return _of(visitor) if visitor else f"browser:{sha256_text(browser)}"


def _of(visitor: Visitor) -> str:
    return f"session:{visitor.session.id}"


def _credential(answer: str) -> bytes:
    try:
        return webauthn.base64url_to_bytes(str(json.loads(answer)["rawId"]))
    except _UNREADABLE:
        return b""
