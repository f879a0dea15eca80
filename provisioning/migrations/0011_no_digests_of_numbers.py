"""Takes digests of personal identity numbers out of delegations: no form of such a number is kept.

On the way back nothing is put in: what is gone is gone, and a delegation without them is compared by its names.
"""

from django.db import migrations


def forget(apps, schema_editor):
    Delegation = apps.get_model("provisioning", "Delegation")
    for row in Delegation.objects.filter(delegate_marks__has_key="numbers").only("delegate_marks").iterator():
        del row.delegate_marks["numbers"]
        row.save(update_fields=["delegate_marks"])


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0010_protection_doubts")]

    operations = [migrations.RunPython(forget, migrations.RunPython.noop)]
