"""The demo's addresses. Included only where `settings.IS_DEMO` holds; a system check enforces it."""

from __future__ import annotations

from django.urls import path

from provisioning.demo import kiv, login, mail

urlpatterns = [
    path("login/", login.choose_person, name="demo_login"),
    path("kiv/", kiv.page, name="demo_kiv"),
    path("mail/", mail.page, name="demo_mail"),
]
