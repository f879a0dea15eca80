"""A read-only look into the tables: auditors see them all, operators the messages. Nothing can be changed.

Names are left out: who may read them depends on the case, and the case page knows. So are a protected
person's HSA-id and what was written about them. Users have no page: its address would hold their HSA-id.
"""

from __future__ import annotations

import re
from functools import wraps
from typing import TYPE_CHECKING, Any, cast

from django.contrib import admin
from django.db import models
from django.db.models import Model, QuerySet
from django.http import Http404, HttpRequest, HttpResponse
from django.shortcuts import redirect
from django.template.response import TemplateResponse
from django.urls import URLPattern, URLResolver
from django.utils.translation import gettext_lazy as _

from provisioning import access
from provisioning.audit import export, sealing
from provisioning.models import (
    AccessRequest,
    AuditEntry,
    Delegation,
    Evidence,
    Finding,
    Grant,
    Handler,
    KnownPerson,
    Notice,
    Order,
    OutgoingMessage,
    Removal,
    Review,
    Reviewer,
    ReviewItem,
    Sweep,
    User,
)
from provisioning.pages.login import page as login_page
from provisioning.pages.words import MASKED

if TYPE_CHECKING:
    Base = admin.ModelAdmin[Model]
else:
    Base = admin.ModelAdmin


_ID = re.compile(r"[A-Za-z]{2,6}\d[\w.]*-\w+")


def without_protected_ids(response: Any) -> Any:
    """The page with a protected person's HSA-id replaced wherever a table shows it."""
    if isinstance(response, TemplateResponse):
        response.render()
    if getattr(response, "streaming", False) or not response.content:
        return response
    protected = export.protected_persons()

    def shown(found: re.Match[str]) -> str:
        return str(MASKED) if found[0].casefold() in protected else found[0]

    response.content = _ID.sub(shown, response.content.decode(response.charset))
    return response


def _is_about_protected(obj: Model) -> bool:
    """Say whether the row is about a protected person, by itself or by what it belongs to."""
    if isinstance(obj, AuditEntry):
        return export.hidden().covers(sealing.row_of(obj))
    if isinstance(obj, Order):
        return obj.requests.filter(subject_is_protected=True).exists()
    if isinstance(obj, Delegation):
        return obj.principal.is_protected or obj.delegate.is_protected
    about = [obj, *(getattr(obj, name, None) for name in ("request", "removal", "grant"))]
    return any(getattr(one, "subject_is_protected", False) for one in about)


class RecordsSite(admin.AdminSite):
    """The admin's pages behind our own log-in; somebody without the right finds nothing here."""

    site_header = site_title = _("Records, read only")
    index_title = _("Tables")
    enable_nav_sidebar = False

    def get_urls(self) -> list[URLResolver | URLPattern]:
        """Without the pages for changing a password: nobody has one."""
        none = ("password_change", "password_change_done")
        return [one for one in super().get_urls() if getattr(one, "name", None) not in none]

    def admin_view(self, view: Any, cacheable: bool = False) -> Any:
        """Not visible is not there: somebody logged in without the right is not sent to a log-in."""
        inner = super().admin_view(view, cacheable)

        @wraps(inner)
        def guarded(request: HttpRequest, *args: Any, **kwargs: Any) -> Any:
            if request.user.is_authenticated and not self.has_permission(request):
                raise Http404
            return without_protected_ids(inner(request, *args, **kwargs))

        return guarded

    def has_permission(self, request: HttpRequest) -> bool:
        user = request.user
        return isinstance(user, User) and user.is_active and user.is_staff

    def login(self, request: HttpRequest, extra_context: dict[str, Any] | None = None) -> HttpResponse:
        if request.user.is_authenticated:
            raise Http404
        return redirect("login")

    def logout(  # type: ignore[override]  # the stubs promise a page; ours leads to the log-in
        self, request: HttpRequest, extra_context: dict[str, Any] | None = None
    ) -> HttpResponse:
        return login_page.logout(request)


site = RecordsSite(name="admin")


class ReadOnly(Base):
    """Shows rows to those who may read them all, and lets nobody touch them."""

    actions = None
    list_per_page = 50
    show_full_result_count = False

    def get_fields(self, request: HttpRequest, obj: Any = None) -> Any:
        """Without free text, values and places in the directory, where a protected person is concerned."""
        fields = super().get_fields(request, obj)
        if obj is None or not _is_about_protected(obj):
            return fields
        return [name for name in fields if not self._tells(obj, str(name))]

    def _tells(self, obj: Model, name: str) -> bool:
        field = obj._meta.get_field(name)
        is_written = isinstance(field, models.TextField | models.JSONField)
        return is_written or name in ("value", "expected") or (name.endswith("_dn") and name != "unit_dn")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return cast(User, request.user).is_auditor

    def has_module_permission(self, request: HttpRequest) -> bool:
        return self.has_view_permission(request)

    def has_add_permission(self, request: HttpRequest) -> bool:
        return False

    def has_change_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False

    def has_delete_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return False


@admin.register(Order, site=site)
class OrderAdmin(ReadOnly):
    list_display = ("case_number", "orderer", "created_at")
    search_fields = ("case_number",)
    date_hierarchy = "created_at"


@admin.register(AccessRequest, site=site)
class AccessRequestAdmin(ReadOnly):
    exclude = ("subject_name",)
    list_display = ("case_number", "service", "level", "unit_name", "state", "state_since")
    list_filter = ("state", "service", "level")
    list_select_related = ("order",)
    search_fields = ("order__case_number", "unit_key")

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return cast("QuerySet[Model]", access.visible_requests(cast(User, request.user)))


@admin.register(Handler, site=site)
class HandlerAdmin(ReadOnly):
    fields = ("request", "role", "person_hsa_id", "read_at")
    list_display = ("request", "role", "person_hsa_id", "read_at")
    list_filter = ("role",)
    list_select_related = ("request__order",)


@admin.register(Delegation, site=site)
class DelegationAdmin(ReadOnly):
    list_display = ("public_id", "kind", "unit_hsa_id", "starts_on", "ends_on", "end_code")
    list_filter = ("kind", "end_code")


@admin.register(Evidence, site=site)
class EvidenceAdmin(ReadOnly):
    list_display = ("request", "moment", "read_at", "source")
    list_filter = ("moment",)
    list_select_related = ("request__order",)


@admin.register(AuditEntry, site=site)
class AuditEntryAdmin(ReadOnly):
    list_display = ("pk", "at", "action", "actor", "request")
    list_filter = ("action",)
    list_select_related = ("actor", "request__order")
    date_hierarchy = "at"
    search_fields = ("order__case_number",)  # a search stands in the address, so it is for no person


@admin.register(OutgoingMessage, site=site)
class OutgoingMessageAdmin(ReadOnly):
    list_display = ("uuid", "kind", "state", "attempts", "created_at", "error_code")
    list_filter = ("state", "kind")
    list_select_related = ("request__order", "cause")

    def has_view_permission(self, request: HttpRequest, obj: Model | None = None) -> bool:
        return access.may_read_messages(cast(User, request.user))

    def get_queryset(self, request: HttpRequest) -> QuerySet[Model]:
        return cast("QuerySet[Model]", access.visible_messages(cast(User, request.user)))


@admin.register(Grant, site=site)
class GrantAdmin(ReadOnly):
    exclude = ("subject_name",)
    list_display = ("public_id", "service", "level", "unit_name", "state", "ends_on", "next_review_on")
    list_filter = ("state", "service", "level", "end_cause")
    search_fields = ("unit_key",)


@admin.register(Notice, site=site)
class NoticeAdmin(ReadOnly):
    list_display = ("grant", "due_on", "days_left", "created_at", "digested_at")
    list_select_related = ("grant",)


@admin.register(Removal, site=site)
class RemovalAdmin(ReadOnly):
    exclude = ("subject_name",)
    list_display = ("case_number", "cause", "service", "unit_name", "state", "state_since")
    list_filter = ("state", "cause", "service")
    search_fields = ("case_number", "unit_key")


@admin.register(Finding, site=site)
class FindingAdmin(ReadOnly):
    exclude = ("subject_name",)
    list_display = ("public_id", "kind", "owner", "unit_name", "state", "found_at")
    list_filter = ("state", "owner", "kind")
    search_fields = ("unit_key",)


@admin.register(Sweep, site=site)
class SweepAdmin(ReadOnly):
    list_display = ("pk", "started_at", "outcome", "is_full", "persons", "found", "ended", "code")
    list_filter = ("outcome", "is_full")


@admin.register(KnownPerson, site=site)
class KnownPersonAdmin(ReadOnly):
    """The list alone: a row's address would hold the person's HSA-id."""

    list_display = ("subject_key", "is_doctor")
    list_display_links = None
    list_filter = ("is_doctor",)

    def get_urls(self) -> list[URLPattern]:
        return [one for one in super().get_urls() if one.name and one.name.endswith("_changelist")]


@admin.register(Review, site=site)
class ReviewAdmin(ReadOnly):
    list_display = ("public_id", "unit_name", "scope", "service", "state", "opened_at", "due_on")
    list_filter = ("state", "scope", "service")
    search_fields = ("unit_key",)


@admin.register(ReviewItem, site=site)
class ReviewItemAdmin(ReadOnly):
    list_display = (
        "public_id",
        "review",
        "decision",
        "relation",
        "decided_at",
        "seconds_spent",
        "batch_size",
    )
    list_filter = ("decision", "relation")
    list_select_related = ("review",)


@admin.register(Reviewer, site=site)
class ReviewerAdmin(ReadOnly):
    exclude = ("person_name",)
    list_display = ("review", "person_hsa_id", "delegation", "is_barred", "asked_on", "told_on")
    list_filter = ("is_barred",)
    list_select_related = ("review", "delegation")
