"""The addresses of the API. Everything but the description and the token endpoint asks for a token."""

from __future__ import annotations

from typing import Any

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver
from ninja import NinjaAPI
from ninja.openapi.schema import OpenAPISchema

from provisioning.api import orders, problems, reading, scim, tickets, token
from provisioning.api.asking import Bearer


class Api(NinjaAPI):
    """Ninja's, which describes itself once a process: the whole takes a quarter of a second."""

    _described: OpenAPISchema | None = None

    def get_openapi_schema(self, **where: Any) -> OpenAPISchema:
        if self._described is None:
            self._described = super().get_openapi_schema(**where)
        return self._described


api = Api(
    title="Behörighetsvägen",
    version="1",
    description="Orders, cases, rights, findings and reviews for other systems: see docs/api.md.",
    urls_namespace="api",
    docs_url=None,
    auth=Bearer(),
)
problems.register(api)
api.add_router("", token.router)
api.add_router("", orders.router)
api.add_router("", reading.router)
api.add_router("", tickets.router)
api.add_router("scim/v2", scim.router)

urlpatterns: list[URLPattern | URLResolver] = api.urls[0]
for _pattern in urlpatterns:
    # A token is asked for by the API itself: nobody is logged in here, and no page answers.
    if isinstance(_pattern, URLPattern):
        _pattern.callback = login_not_required(_pattern.callback)
