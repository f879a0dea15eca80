"""The processes: one row ties a viewflow process to the request it carries. Nothing personal is kept here."""

from __future__ import annotations

from django.db import models
from viewflow.workflow.models import Process

from provisioning.models import AccessRequest


class AccessProcess(Process):
    """The process of one access request."""

    request = models.OneToOneField(AccessRequest, on_delete=models.PROTECT, related_name="process")

    class Meta:
        verbose_name_plural = "access processes"
