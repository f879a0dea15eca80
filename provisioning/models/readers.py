"""Who may read a case or a right: what lists are read from, so that one index answers them."""

from __future__ import annotations

from typing import Any

from django.db import models
from django.db.models import Q

from provisioning.models.columns import KEY_LENGTH
from provisioning.models.orders import AccessRequest
from provisioning.models.removals import Removal
from provisioning.models.rights import Grant


def _of_one(name: str) -> Q:
    return Q(**{f"{other}__isnull": other != name for other in ("request", "removal", "grant")})


class Reader(models.Model):
    """A person who has a part in a request, a removal or a right, or the unit whose head may read it.

    Kept by triggers in the transaction that changes the thing itself (`access/readers.py`): no code writes
    here. Heads are not in it: which units somebody is head of is asked of the directory.
    """

    reader_key = models.CharField(max_length=KEY_LENGTH)  # a person's, a unit's or a care provider's
    request: Any = models.ForeignKey(
        AccessRequest, null=True, on_delete=models.CASCADE, related_name="readers", db_index=False
    )
    removal: Any = models.ForeignKey(
        Removal, null=True, on_delete=models.CASCADE, related_name="readers", db_index=False
    )
    grant: Any = models.ForeignKey(
        Grant, null=True, on_delete=models.CASCADE, related_name="readers", db_index=False
    )
    is_open = models.BooleanField()  # of a right: it lives
    is_own = models.BooleanField()  # ordered or begun by this person, or about them

    class Meta:
        constraints = (
            models.UniqueConstraint(fields=("request", "reader_key"), name="one_reader_of_a_request"),
            models.UniqueConstraint(fields=("removal", "reader_key"), name="one_reader_of_a_removal"),
            models.UniqueConstraint(fields=("grant", "reader_key"), name="one_reader_of_a_grant"),
            models.CheckConstraint(
                condition=_of_one("request") | _of_one("removal") | _of_one("grant"),
                name="reader_of_one_thing",
            ),
        )
        indexes = (
            models.Index(
                fields=("reader_key", "is_open", "-request", "is_own"),
                condition=Q(request__isnull=False),
                name="reader_requests",
            ),
            models.Index(
                fields=("reader_key", "is_open", "-removal", "is_own"),
                condition=Q(removal__isnull=False),
                name="reader_removals",
            ),
            models.Index(
                fields=("reader_key", "is_open", "-grant", "is_own"),
                condition=Q(grant__isnull=False),
                name="reader_grants",
            ),
        )

    def __str__(self) -> str:
        return f"reader {self.pk}"
