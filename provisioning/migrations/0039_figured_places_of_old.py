"""The places of the days that are kept already."""

from django.db import migrations


def take_over(apps, schema_editor):
    days, places = (apps.get_model("provisioning", name) for name in ("DayFigures", "FiguredPlace"))
    rows = days.objects.exclude(place_dn="").order_by("day")
    found = {key: (dn, name) for key, dn, name in rows.values_list("place_key", "place_dn", "place_name")}
    places.objects.bulk_create(
        [places(place_key=key, place_dn=dn, place_name=name) for key, (dn, name) in found.items()],
        batch_size=500,
        ignore_conflicts=True,
    )


class Migration(migrations.Migration):
    dependencies = [("provisioning", "0038_figured_places")]

    operations = [migrations.RunPython(take_over, migrations.RunPython.noop)]
