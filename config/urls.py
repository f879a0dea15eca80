"""All addresses."""

from django.contrib.auth.decorators import login_not_required
from django.urls import URLPattern, URLResolver, include, path
from django.views.i18n import set_language

from provisioning.pages import health
from provisioning.pages.admin import site as records

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("language/", login_not_required(set_language), name="set_language"),
    path("records/", records.urls),
    path("", include("provisioning.pages.urls")),
]

handler500 = "provisioning.pages.failing.failed"
