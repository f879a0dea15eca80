"""Addresses of the log-in through a provider; two of them are registered there.

They are `oidc_callback` and, after logging out, `logged_out`.
"""

from __future__ import annotations

from django.urls import path

from provisioning.views import leaving, oidc

urlpatterns = [
    path("logga-in/kort/", oidc.begin, name="oidc_begin"),
    path("logga-in/svar/", oidc.callback, name="oidc_callback"),
    path("logga-in/identitet/", oidc.choose, name="oidc_choose"),
    path("logga-in/nekad/", oidc.refused, name="login_refused"),
    path("utloggad/", leaving.logged_out, name="logged_out"),
]
