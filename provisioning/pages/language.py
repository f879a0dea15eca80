"""The reader's choice of language: for the pages a cookie, for the mails it is kept with the person."""

from __future__ import annotations

from django.conf import settings
from django.contrib.auth.decorators import login_not_required
from django.http import HttpRequest, HttpResponseBase
from django.views.decorators.csrf import csrf_protect
from django.views.i18n import set_language

from provisioning.models import User


@login_not_required
@csrf_protect
def choose_language(request: HttpRequest) -> HttpResponseBase:
    """Show the pages in the language from now on; whoever is logged in gets mails in it, too."""
    chosen = request.POST.get("language", "")
    if request.method == "POST" and request.user.is_authenticated and chosen in dict(settings.LANGUAGES):
        User.objects.filter(pk=request.user.pk).update(language=chosen)
    return set_language(request)
