"""Delegations, on whose behalf somebody acted, and how far up the ladder a request has come."""

import uuid

import django.db.models.deletion
import django.utils.timezone
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("provisioning", "0005_audit_guards"),
    ]

    operations = [
        migrations.CreateModel(
            name="Delegation",
            fields=[
                (
                    "id",
                    models.BigAutoField(
                        auto_created=True, primary_key=True, serialize=False, verbose_name="ID"
                    ),
                ),
                ("public_id", models.UUIDField(default=uuid.uuid4, editable=False, unique=True)),
                ("unit_key", models.CharField(max_length=64)),
                ("unit_hsa_id", models.CharField(max_length=64)),
                ("unit_name", models.CharField(max_length=300)),
                (
                    "kind",
                    models.CharField(
                        choices=[("ordering", "Ordering access"), ("attesting", "Attesting orders")],
                        max_length=10,
                    ),
                ),
                ("starts_on", models.DateField()),
                ("ends_on", models.DateField()),
                ("reason", models.TextField()),
                ("created_at", models.DateTimeField(default=django.utils.timezone.now)),
                ("ended_at", models.DateTimeField(null=True)),
                (
                    "end_code",
                    models.CharField(
                        blank=True,
                        choices=[
                            ("revoked", "Revoked"),
                            ("lapsed", "Lapsed"),
                            ("not_head", "The one who gave it is no longer head of the unit"),
                        ],
                        max_length=20,
                    ),
                ),
                ("reminded_on", models.DateField(null=True)),
            ],
            options={
                "ordering": ("-pk",),
            },
        ),
        migrations.AddField(
            model_name="accessrequest",
            name="attested_for",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="attested_by_others",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="accessrequest",
            name="escalated_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="accessrequest",
            name="escalation_level",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="accessrequest",
            name="nudged_at",
            field=models.DateTimeField(null=True),
        ),
        migrations.AddField(
            model_name="accessrequest",
            name="ordered_for",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="ordered_by_others",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="handler",
            name="acts_for_name",
            field=models.CharField(blank=True, max_length=200),
        ),
        migrations.AlterField(
            model_name="accessrequest",
            name="state",
            field=models.CharField(
                choices=[
                    ("awaiting_attestation", "Waiting for attestation"),
                    ("awaiting_second_attestation", "Waiting for a second attestation"),
                    ("checking", "Being checked in the directory"),
                    ("awaiting_choice", "Waiting for the orderer's choice"),
                    ("waiting_for_commission", "Waiting for what is missing"),
                    ("awaiting_kiv", "With the KIV administrator"),
                    ("verifying", "Being verified"),
                    ("done", "Done"),
                    ("rejected", "Rejected"),
                    ("withdrawn", "Withdrawn"),
                    ("cannot_be_done", "Cannot be done"),
                    ("gave_up", "Ended: the time ran out"),
                ],
                max_length=30,
            ),
        ),
        migrations.AddConstraint(
            model_name="accessrequest",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    ("attested_for", None),
                    models.Q(
                        ("attester__isnull", False),
                        models.Q(("attested_for", models.F("attester")), _negated=True),
                    ),
                    _connector="OR",
                ),
                name="attested_for_somebody_else",
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="delegate",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delegations_received",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="ended_by",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delegations_ended",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="delegation",
            name="principal",
            field=models.ForeignKey(
                on_delete=django.db.models.deletion.PROTECT,
                related_name="delegations_given",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField(
            model_name="handler",
            name="delegation",
            field=models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="handlers",
                to="provisioning.delegation",
            ),
        ),
        migrations.AddIndex(
            model_name="delegation",
            index=models.Index(fields=["delegate", "ends_on"], name="delegation_received"),
        ),
        migrations.AddIndex(
            model_name="delegation",
            index=models.Index(fields=["principal", "ends_on"], name="delegation_given"),
        ),
        migrations.AddIndex(
            model_name="delegation",
            index=models.Index(fields=["unit_key", "ends_on"], name="delegation_unit"),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("principal", models.F("delegate")), _negated=True),
                name="delegate_is_somebody_else",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(("ends_on__gte", models.F("starts_on"))),
                name="delegation_ends_after_start",
            ),
        ),
        migrations.AddConstraint(
            model_name="delegation",
            constraint=models.CheckConstraint(
                condition=models.Q(
                    models.Q(("end_code", ""), ("ended_at", None)),
                    models.Q(("ended_at__isnull", False), models.Q(("end_code", ""), _negated=True)),
                    _connector="OR",
                ),
                name="delegation_ends_for_a_reason",
            ),
        ),
    ]
