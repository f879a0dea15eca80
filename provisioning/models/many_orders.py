"""Orders for many: the lines that were sent, each placed or refused on its own, and who is mailed when."""

from __future__ import annotations

from django.db import models
from django.utils import timezone
from django.utils.translation import gettext_lazy as _

from provisioning.models.columns import KEY_LENGTH, LevelChoice, service_choices
from provisioning.models.orders import AccessRequest, Order


class ManyOrder(models.Model):
    """What makes an order one for many. A worker places its lines under a lease, bit by bit."""

    order = models.OneToOneField(Order, on_delete=models.CASCADE, related_name="many")
    content_key = models.CharField(max_length=64, db_index=True)  # tells that the same lines come again
    claim = models.CharField(max_length=36, blank=True)
    claimed_until = models.DateTimeField(null=True)
    finished_at = models.DateTimeField(null=True)  # no line waits any more
    silent_since = models.DateTimeField(null=True)  # the directory does not answer: the rest waits

    class Meta:
        indexes = (
            models.Index(
                fields=("claimed_until",), condition=models.Q(finished_at=None), name="many_order_unfinished"
            ),
        )

    def __str__(self) -> str:
        return f"lines of order {self.order_id}"


class OrderLine(models.Model):
    """One person, one access, one place, as they were confirmed; no names. `row`: where in the file."""

    class LineState(models.TextChoices):
        WAITING = "waiting", _("Waiting to be placed")
        PLACED = "placed", _("Placed")
        REFUSED = "refused", _("Refused")
        MENDED = "mended", _("Sent again")

    many = models.ForeignKey(ManyOrder, on_delete=models.CASCADE, related_name="lines")
    position = models.PositiveSmallIntegerField()  # of its request within the order
    row = models.PositiveIntegerField()
    person_hsa_id = models.CharField(max_length=KEY_LENGTH)
    service = models.CharField(max_length=20, choices=service_choices)
    level = models.CharField(max_length=10, choices=LevelChoice.choices)
    unit_hsa_id = models.CharField(max_length=KEY_LENGTH)
    starts_on = models.DateField()
    ends_on = models.DateField()
    # Where the line has reasons of its own; else the order's hold.
    need = models.TextField(blank=True)
    risk_statement = models.TextField(blank=True)
    signed_assignment_on = models.DateField(null=True)
    if_missing = models.CharField(max_length=10, blank=True)  # as in a request
    seen = models.CharField(max_length=64)  # a mark of what the directory said when it was shown
    state = models.CharField(max_length=10, choices=LineState.choices, default=LineState.WAITING)
    refusal = models.TextField(blank=True)  # why it was not placed, as the orderer reads it
    refusal_code = models.CharField(max_length=60, blank=True)
    request = models.OneToOneField(AccessRequest, null=True, on_delete=models.SET_NULL, related_name="line")

    class Meta:
        ordering = ("position",)
        constraints = (
            models.UniqueConstraint(fields=("many", "position"), name="order_line_position"),
            models.CheckConstraint(
                condition=~models.Q(state="waiting") | models.Q(request=None),
                name="waiting_line_is_no_case",
            ),
        )

    def __str__(self) -> str:
        return f"line {self.position} of {self.many}"


class OrderSummary(models.Model):
    """One person is mailed about one order for many once a day: this row is that day's mail."""

    order = models.ForeignKey(Order, on_delete=models.CASCADE, related_name="summaries")
    recipient_key = models.CharField(max_length=KEY_LENGTH)
    day = models.DateField()
    sends_at = models.DateTimeField(default=timezone.now)

    class Meta:
        constraints = (
            models.UniqueConstraint(
                fields=("order", "recipient_key", "day"), name="one_summary_per_order_and_day"
            ),
        )

    def __str__(self) -> str:
        return f"summary of order {self.order_id} on {self.day}"
