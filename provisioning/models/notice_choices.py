"""How a person wants to be told of something; without a row: at once."""

from __future__ import annotations

from django.db import models

from provisioning.models.columns import KEY_LENGTH


class NoticeChoice(models.Model):
    """One person's choice for one kind of notice; `rules/notice_ways.py` says which choices count."""

    person_key = models.CharField(max_length=KEY_LENGTH)
    kind = models.CharField(max_length=40)
    way = models.CharField(max_length=10)

    class Meta:
        ordering = ("pk",)
        constraints = (
            models.UniqueConstraint(fields=("person_key", "kind"), name="one_choice_per_person_and_kind"),
        )

    def __str__(self) -> str:
        return f"{self.kind}: {self.way}"
