"""The audit entries get the columns of a signed chain, beside what they have; nothing is filled in yet."""

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


def named(to, to_field):
    """A link by the name that is known outside this database, without a constraint."""
    return models.ForeignKey(
        to,
        to_field=to_field,
        null=True,
        on_delete=django.db.models.deletion.DO_NOTHING,
        db_constraint=False,
        related_name="audit_entries",
    )


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0001_initial")]

    operations = [
        migrations.CreateModel(
            name="AuditHead",
            fields=[
                ("id", models.PositiveSmallIntegerField(default=1, primary_key=True, serialize=False)),
                ("sequence", models.BigIntegerField(default=0)),
                ("mac", models.CharField(default="0" * 64, max_length=64)),
                ("cut_through", models.BigIntegerField(default=0)),
            ],
            options={
                "constraints": [models.CheckConstraint(condition=models.Q(("id", 1)), name="one_audit_head")]
            },
        ),
        migrations.AddField("auditentry", "order_by_name", named("provisioning.order", "case_number")),
        migrations.AddField(
            "auditentry", "request_by_name", named("provisioning.accessrequest", "public_id")
        ),
        migrations.AddField(
            "auditentry",
            "principal",
            models.ForeignKey(
                null=True,
                on_delete=django.db.models.deletion.PROTECT,
                related_name="acts_by_others",
                to=settings.AUTH_USER_MODEL,
            ),
        ),
        migrations.AddField("auditentry", "sequence", models.BigIntegerField(null=True, unique=True)),
        migrations.AddField("auditentry", "version", models.PositiveSmallIntegerField(null=True)),
        migrations.AddField("auditentry", "key_id", models.CharField(max_length=8, null=True)),
        migrations.AddField("auditentry", "previous", models.CharField(max_length=64, null=True)),
        migrations.AddField("auditentry", "mac", models.CharField(max_length=64, null=True)),
    ]
