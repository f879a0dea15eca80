"""The processes: one row ties a viewflow process to what it carries. Nothing personal is kept here."""

from __future__ import annotations

from django.db import models
from viewflow.workflow.models import Process

from provisioning.cases import moves
from provisioning.models import AccessRequest, Removal


class AccessProcess(Process):
    """The process of one access request."""

    request = models.OneToOneField(AccessRequest, on_delete=models.PROTECT, related_name="process")

    class Meta:
        verbose_name_plural = "access processes"

    @property
    def case(self) -> AccessRequest:
        return self.request

    def carried(self) -> AccessRequest:
        """What the process carries, read afresh."""
        return AccessRequest.objects.select_related("order__orderer").get(pk=self.request_id)

    def lock_carried(self) -> AccessRequest:
        """What the process carries, locked until the transaction ends; the flow's gates see the same row."""
        self.request = moves.lock(AccessRequest, self.request_id)
        return self.request


class RemovalProcess(Process):
    """The process of one removal."""

    removal = models.OneToOneField(Removal, on_delete=models.PROTECT, related_name="process")

    class Meta:
        verbose_name_plural = "removal processes"

    @property
    def case(self) -> Removal:
        return self.removal

    def carried(self) -> Removal:
        """What the process carries, read afresh."""
        return Removal.objects.select_related("grant", "started_by").get(pk=self.removal_id)

    def lock_carried(self) -> Removal:
        """What the process carries, locked until the transaction ends; the flow's gates see the same row."""
        self.removal = moves.lock(Removal, self.removal_id)
        return self.removal
