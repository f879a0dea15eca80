"""Saving a register's filters under a name, and throwing such a view away. Each person has their own."""

from __future__ import annotations

from uuid import UUID

from django import forms
from django.contrib import messages
from django.http import HttpRequest, HttpResponse
from django.shortcuts import get_object_or_404, redirect
from django.urls import reverse
from django.utils import timezone
from django.utils.translation import gettext as _
from django.utils.translation import gettext_lazy
from django.views.decorators.http import require_POST

from provisioning.models import SavedView, User
from provisioning.pages.answers import acting_user
from provisioning.pages.fields import ShortText
from provisioning.pages.register.forms import from_address
from provisioning.pages.register.kinds import RegisterKind
from provisioning.pages.register.rows import form_of

MOST = 50  # of one person; the oldest give way
_LONGEST = 2000


class ViewName(forms.Form):
    name = ShortText(label=gettext_lazy("Name of the view"), max_length=60, strip=True)


def save(request: HttpRequest, user: User, register: RegisterKind) -> HttpResponse:
    """Keep the address's filters under the name that was written; an older view of that name gives way."""
    query = request.GET.urlencode()
    back = redirect(f"{reverse(f'register_{register.key}')}?{query}")
    form = ViewName(request.POST)
    is_sound = len(query) <= _LONGEST and form_of(register, from_address(request.GET, user)).is_valid()
    if not form.is_valid() or not is_sound:
        messages.error(request, _("The view was not saved. Give it a name of at most 60 characters."))
        return back
    SavedView.objects.update_or_create(
        user=user,
        register=register.key,
        name=form.cleaned_data["name"],
        defaults={"query": query, "saved_at": timezone.now()},
    )
    too_many = SavedView.objects.filter(user=user).order_by("-saved_at").values_list("pk", flat=True)[MOST:]
    SavedView.objects.filter(pk__in=list(too_many)).delete()
    messages.success(request, _("The view “%(name)s” is saved.") % {"name": form.cleaned_data["name"]})
    return back


@require_POST
def delete_view(request: HttpRequest, public_id: UUID) -> HttpResponse:
    """Throw one's own view away. Raises Http404 for anybody else's."""
    view = get_object_or_404(SavedView, public_id=public_id, user=acting_user(request))
    view.delete()
    messages.success(request, _("The view “%(name)s” is thrown away.") % {"name": view.name})
    return redirect(f"register_{view.register}")
