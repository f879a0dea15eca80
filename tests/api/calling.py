"""Another system, as it calls the API."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import uuid4

from django.test import Client
from django.utils import timezone

from provisioning.rules.hsa import HsaId
from provisioning.systems import keep
from provisioning.systems.keep import Scope
from tests import acts, cast

PATH = "/api/v1/"


@dataclass
class Portal:
    """One system that is let in, with the token it holds."""

    client_id: str
    secret: str
    client: Client = field(default_factory=Client)
    token: str = ""

    def ask_for_token(self, **more: str) -> Any:
        data = {"grant_type": "client_credentials", "client_id": self.client_id, "client_secret": self.secret}
        return self.client.post(f"{PATH}token", data | more)

    def get(self, path: str, by: HsaId | None = None, **data: Any) -> Any:
        return self.client.get(PATH + path, data, headers=self._headers(by))

    def post(self, path: str, body: Any, by: HsaId | None = None, key: str = "", language: str = "en") -> Any:
        headers = self._headers(by) | {"Accept-Language": language}
        if key:
            headers["Idempotency-Key"] = key
        text = json.dumps(body)
        return self.client.post(PATH + path, text, content_type="application/json", headers=headers)

    def order(self, by: HsaId = cast.HEAD, key: str = "", **wishes: Any) -> Any:
        return self.post("orders", wanted(**wishes), by=by, key=key or str(uuid4()))

    def _headers(self, by: HsaId | None) -> dict[str, str]:
        headers = {"Authorization": f"Bearer {self.token}"}
        return headers | ({"Acting-For": by.text} if by is not None else {})


def portal(client_id: str = "portal", scopes: tuple[Scope, ...] = tuple(Scope)) -> Portal:
    """Let a system in, and give it a token."""
    _system, secret = keep.add(client_id, name="The portal", scopes=scopes)
    made = Portal(client_id, secret)
    made.token = made.ask_for_token().json()["access_token"]
    return made


def wanted(person: HsaId = cast.COORDINATOR, **wishes: Any) -> dict[str, Any]:
    """An order as a system sends it."""
    today = timezone.localdate()
    return {
        "person": person.text,
        "service": "rehabstod",
        "level": "unit",
        "units": [cast.BJORKHAGA.text],
        "starts_on": today.isoformat(),
        "ends_on": (today + timedelta(days=300)).isoformat(),
        "need": acts.NEED,
        "risk_statement": acts.RISK,
    } | wishes
