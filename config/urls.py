"""All addresses."""

from django.urls import URLPattern, URLResolver, include, path

from provisioning.api import urls as api
from provisioning.pages import health
from provisioning.pages.admin import site as records
from provisioning.pages.language import choose_language
from provisioning.pages.operation import metrics

urlpatterns: list[URLPattern | URLResolver] = [
    path("healthz", health.live, name="healthz"),
    path("readyz", health.ready, name="readyz"),
    path("metrics", metrics.metrics, name="metrics"),
    path("api/v1/", include((api.urlpatterns, "api"))),
    path("language/", choose_language, name="set_language"),
    path("records/", records.urls),
    path("", include("provisioning.pages.urls")),
]

handler500 = "provisioning.pages.failing.failed"
