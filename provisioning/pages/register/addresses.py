"""The addresses of the registers, and of the views that are thrown away."""

from __future__ import annotations

from collections.abc import Iterator

from django.urls import URLPattern, path

from provisioning.pages.register import page, saved
from provisioning.pages.register.kinds import REGISTERS


def addresses() -> Iterator[URLPattern]:
    """Each register has a name of its own, so that who may open it can be told one by one."""
    for key, register in REGISTERS.items():
        yield path(f"register/{register.address}/", page.register, {"key": key}, name=f"register_{key}")
    yield path("register/vyer/<uuid:public_id>/slang/", saved.delete_view, name="delete_view")
