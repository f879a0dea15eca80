"""A person at a computer: a browser's cookies towards the tool and towards the provider, and a card."""

from __future__ import annotations

from typing import Any
from urllib.parse import parse_qs, urlencode, urljoin, urlsplit

import requests
from django.test import Client


class Visitor:
    """Walks by plain HTTP: the tool through Django's test client, the provider over the wire."""

    def __init__(self, issuer: str, **extra: Any):
        self.issuer = issuer
        self.tool = Client(enforce_csrf_checks=True, **extra)
        self.provider = requests.Session()
        self.provider.trust_env = False

    def begin(self, wanted: str = "") -> str:
        """Ask for a log-in; the address at the provider that the tool sends the browser to."""
        response = self.tool.get("/logga-in/kort/", {"next": wanted} if wanted else {})
        assert response.status_code == 302, response.content.decode()
        return str(response["Location"])

    def show_card(self, address: str, card: str) -> str:
        """Go to the provider, choose the card; the address that the provider sends the browser back to."""
        response = self._get(address)
        page = response.headers["Location"] if response.is_redirect else ""
        if "/interaction/" not in page:
            return page  # the provider remembers the card
        answer = self._get(urljoin(self.issuer, page), card=card)
        answer = self._get(answer.headers["Location"])
        return str(answer.headers["Location"])

    def come_back(self, address: str) -> Any:
        """Follow the provider's answer into the tool."""
        parts = urlsplit(address)
        return self.tool.get(f"{parts.path}?{parts.query}")

    def log_in(self, card: str, wanted: str = "") -> Any:
        """The whole walk; returns the tool's answer to the provider's answer."""
        return self.come_back(self.show_card(self.begin(wanted), card))

    def post(self, path: str, data: dict[str, Any] | None = None, *, page: str) -> Any:
        """Send a form with the token that the page it stands on carried."""
        self.tool.get(page)
        token = self.tool.cookies["csrftoken"].value
        return self.tool.post(path, {**(data or {}), "csrfmiddlewaretoken": token})

    @property
    def user_key(self) -> str | None:
        """The folded HSA-id of who is logged in."""
        return self.tool.session.get("_auth_user_id")

    def _get(self, address: str, **parameters: str) -> requests.Response:
        return self.provider.get(address, params=parameters, allow_redirects=False, timeout=60)


def parameters(address: str) -> dict[str, str]:
    """The parameters of an address, each once."""
    return {name: values[0] for name, values in parse_qs(urlsplit(address).query).items()}


def changed(address: str, **changes: str | None) -> str:
    """The address with other parameters; None takes one away."""
    kept = {**parameters(address), **changes}
    return f"{address.split('?')[0]}?{urlencode({k: v for k, v in kept.items() if v is not None})}"
