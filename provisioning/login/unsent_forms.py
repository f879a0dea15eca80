"""What a person has filled in and not sent: it outlives the session, is read by its owner alone, and goes.

It goes when it is sent, when its owner throws it away, and `RETENTION_DRAFTS_DAYS` after it was last saved.
"""

from __future__ import annotations

import uuid
from datetime import datetime, timedelta

from django.conf import settings
from django.db import transaction
from django.db.models import QuerySet
from django.http import QueryDict
from django.utils import timezone

from provisioning.models import UnsentForm, User

MOST_KEPT = 20  # forms of one person; the oldest give way
LONGEST_KEPT = 200_000  # characters; the largest form has some thousands
# What was pressed, what was shown of the directory, and the page's own tokens belong to one page alone.
_NOT_KEPT = ("action", "csrfmiddlewaretoken", "seen", "shown", "submission", "continues")


@transaction.atomic
def keep(user: User, page: str, data: QueryDict, *, opened: str = "", continues: str = "") -> None:
    """Keep the form as it is filled in now.

    `opened`: which opening of the page it is, where there may be several drafts. `continues`: `version` of
    the draft that this opening began from: it goes on with that one, unless another opening has done so.
    """
    kept = data.copy()
    for name in _NOT_KEPT:
        kept.pop(name, None)
    text = kept.urlencode()
    if len(text) > LONGEST_KEPT:
        return
    row = own(user).filter(page=page, opened=opened).first() or _continued(user, page, continues)
    if row is None:
        row = UnsentForm(user=user, page=page)
    row.opened, row.data, row.saved_at = opened, text, timezone.now()
    row.save()
    too_many = UnsentForm.objects.filter(user=user).values_list("pk", flat=True)[MOST_KEPT:]
    UnsentForm.objects.filter(pk__in=list(too_many)).delete()


def version(row: UnsentForm) -> str:
    """What names this draft as it is now: somebody else may have gone on with it since."""
    return f"{row.public_id} {row.saved_at.isoformat()}"


def _continued(user: User, page: str, text: str) -> UnsentForm | None:
    public_id, _blank, _at = text.partition(" ")
    try:
        row = own(user).filter(page=page, public_id=uuid.UUID(public_id)).first()
    except ValueError:
        return None
    return row if row is not None and version(row) == text else None


def own(user: User) -> QuerySet[UnsentForm]:
    """The person's drafts, the latest first."""
    return UnsentForm.objects.filter(user=user, saved_at__gte=_oldest())


def latest(user: User, page: str) -> UnsentForm | None:
    """What the person left on this page last."""
    return own(user).filter(page=page).first()


def filled_in(row: UnsentForm) -> QueryDict:
    return QueryDict(row.data)


def drop(user: User, page: str, *, opened: str = "") -> None:
    """It has been sent."""
    UnsentForm.objects.filter(user=user, page=page, opened=opened).delete()


def forget_old() -> int:
    """Forget what nobody has gone on with for so long. Returns how many there were."""
    return UnsentForm.objects.filter(saved_at__lt=_oldest()).delete()[0]


def days() -> int:
    """How long one is kept after it was last saved."""
    return int(settings.RETENTION_DRAFTS_DAYS)


def _oldest() -> datetime:
    return timezone.now() - timedelta(days=days())
