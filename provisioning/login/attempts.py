"""Log-ins that have been begun, and what is kept of one that succeeded: little, in the session, briefly.

An attempt is taken out when it is answered, so an answer counts once. Several may be under way (tabs).
"""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from typing import Any

from django.contrib.sessions.backends.base import SessionBase

from provisioning.rules.hsa import HsaId

LIFETIME_SECONDS = 600
MOST_AT_ONCE = 5

_ATTEMPTS = "oidc.attempts"
_CHOICE = "oidc.choice"
_PROOF = "oidc.proof"
_REFUSAL = "oidc.refusal"
_BACK = "oidc.back"
_PROVED_AT = "login.proved_at"


@dataclass(frozen=True, slots=True)
class Attempt:
    """One log-in on its way through the provider: what its answer must match, and where to go afterwards."""

    nonce: str
    code_verifier: str
    wanted: str
    is_again: bool = False  # somebody who is logged in proves it anew, for a decision
    begun_at: float = field(default_factory=time.time)

    @property
    def is_over(self) -> bool:
        return not 0 <= time.time() - self.begun_at <= LIFETIME_SECONDS


def remember(session: SessionBase, state: str, attempt: Attempt) -> None:
    """Keep the attempt until it is answered; the oldest give way."""
    kept: dict[str, dict[str, Any]] = session.get(_ATTEMPTS, {})
    newest = list(kept.items())[-(MOST_AT_ONCE - 1) :]
    session[_ATTEMPTS] = dict([*newest, (state, asdict(attempt))])
    session.pop(_REFUSAL, None)


def is_again(session: SessionBase, state: str) -> bool:
    """Say whether the attempt with this state is a new proof by who is logged in. It stays where it is."""
    return bool(session.get(_ATTEMPTS, {}).get(state, {}).get("is_again"))


def wanted(session: SessionBase, state: str) -> str:
    """Where the attempt with this state leads. It stays where it is."""
    return str(session.get(_ATTEMPTS, {}).get(state, {}).get("wanted", ""))


def is_known(session: SessionBase, state: str) -> bool:
    """Whether this browser has begun an attempt with this state, and it has not been answered."""
    return bool(state) and state in session.get(_ATTEMPTS, {})


def take(session: SessionBase, state: str) -> Attempt | None:
    """The attempt with this state, taken out; None when there is none or its time is over."""
    kept: dict[str, dict[str, Any]] = session.get(_ATTEMPTS, {})
    found = kept.pop(state, None)
    session[_ATTEMPTS] = kept
    if found is None:
        return None
    attempt = Attempt(**found)
    return None if attempt.is_over else attempt


def offer_choice(session: SessionBase, hsa_ids: Sequence[HsaId], wanted: str) -> None:
    """Keep the proved HSA-ids until the person has said which one to be."""
    session[_CHOICE] = {"ids": [one.text for one in hsa_ids], "wanted": wanted, "begun_at": time.time()}


def choice(session: SessionBase) -> tuple[tuple[HsaId, ...], str] | None:
    """The proved HSA-ids to choose among and where to go afterwards; None when there is nothing to choose."""
    kept = session.get(_CHOICE)
    if kept is None or not 0 <= time.time() - kept["begun_at"] <= LIFETIME_SECONDS:
        return None
    return tuple(HsaId(text) for text in kept["ids"]), kept["wanted"]


def keep_proof(session: SessionBase, id_token: str) -> None:
    """Keep the ID token, for nothing but to end the log-in at the provider, too."""
    session[_PROOF] = id_token


def proof(session: SessionBase) -> str:
    """The ID token that was kept; empty when there is none."""
    return str(session.get(_PROOF, ""))


def keep_moment(session: SessionBase, proved_at: float) -> None:
    """Keep when the card was proven, to ask for it again before a decision that comes much later."""
    session[_PROVED_AT] = min(proved_at, time.time())


def is_fresh(session: SessionBase, *, minutes: int) -> bool:
    """Say whether the card was proven at most so many minutes ago. Where nobody knows, it was not."""
    return time.time() - float(session.get(_PROVED_AT, 0)) <= minutes * 60


def keep_refusal(session: SessionBase, code: str, *, back: str = "") -> None:
    """Keep why nobody was logged in, for the page that says so; a new attempt takes it away.

    `back`: the page that somebody who is logged in came from, to prove it anew.
    """
    session[_REFUSAL] = code
    session[_BACK] = back
    session.pop(_CHOICE, None)


def refusal(session: SessionBase) -> str:
    """The code of the last refusal; empty when there was none."""
    return str(session.get(_REFUSAL, ""))


def back(session: SessionBase) -> str:
    """Where to go back to after a refusal; empty when nobody was logged in."""
    return str(session.get(_BACK, ""))


def settle(session: SessionBase) -> None:
    """Somebody is logged in: forget everything that led there but the proof."""
    for key in (_ATTEMPTS, _CHOICE, _REFUSAL, _BACK):
        session.pop(key, None)
