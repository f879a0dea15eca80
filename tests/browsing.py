"""Django's test client, led to the page that answers a form as every browser is."""

from __future__ import annotations

from typing import Any

from django.test import Client

from provisioning.pages.middleware.answers_by_address import PARAMETER, SeeOther

_post: Any = Client.post


def follow_answers() -> None:
    """From now on `post` returns the page that the browser would show."""
    changed: Any = Client
    changed.post = _post_and_look


def _post_and_look(client: Any, *args: Any, **kwargs: Any) -> Any:
    posted = _post(client, *args, **kwargs)
    if posted.status_code != SeeOther.status_code or f"{PARAMETER}=" not in posted["Location"]:
        return posted
    kept = {
        name: value
        for name, value in kwargs.items()
        if name in ("secure", "headers") or name.startswith("HTTP_")
    }
    shown = client.get(posted["Location"], **kept)
    shown.context, shown.templates, shown.led_by = posted.context, posted.templates, posted
    return shown
