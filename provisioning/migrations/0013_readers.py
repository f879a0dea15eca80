"""The table of readers, and indexes from which lists are read in order.

Filled, and followed from then on, by triggers that stand when the last migration is done (`access/readers.py`).
"""

import django.db.models.deletion
from django.db import migrations, models

from provisioning.access import readers


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0012_services_of_the_catalogue'),
    ]

    operations = [
        migrations.CreateModel(
            name='Reader',
            fields=[
                ('id', models.BigAutoField(auto_created=True, primary_key=True, serialize=False, verbose_name='ID')),
                ('reader_key', models.CharField(max_length=64)),
                ('is_open', models.BooleanField()),
                ('is_own', models.BooleanField()),
            ],
        ),
        migrations.RemoveIndex(
            model_name='reviewitem',
            name='review_item_decision',
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(condition=models.Q(('state__in', ['awaiting_attestation', 'awaiting_choice', 'awaiting_hsa', 'awaiting_kiv', 'awaiting_second_attestation', 'checking', 'verifying', 'waiting_for_commission'])), fields=['-id'], name='request_open'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['-state_since', '-id'], name='finding_settled'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(fields=['found_at', 'id'], name='finding_found'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('state__in', ['active', 'ending'])), fields=['ends_on', 'id'], name='grant_living'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(fields=['-ended_at', '-id'], name='grant_ended'),
        ),
        migrations.AddIndex(
            model_name='outgoingmessage',
            index=models.Index(fields=['state', '-id'], name='message_state'),
        ),
        migrations.AddIndex(
            model_name='outgoingmessage',
            index=models.Index(fields=['recipient_key', '-id'], name='message_recipient'),
        ),
        migrations.AddIndex(
            model_name='reviewitem',
            index=models.Index(fields=['review', 'decision', 'subject_key'], name='review_item_left'),
        ),
        migrations.AddField(
            model_name='reader',
            name='grant',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='readers', to='provisioning.grant'),
        ),
        migrations.AddField(
            model_name='reader',
            name='removal',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='readers', to='provisioning.removal'),
        ),
        migrations.AddField(
            model_name='reader',
            name='request',
            field=models.ForeignKey(db_index=False, null=True, on_delete=django.db.models.deletion.CASCADE, related_name='readers', to='provisioning.accessrequest'),
        ),
        migrations.AddIndex(
            model_name='reader',
            index=models.Index(condition=models.Q(('request__isnull', False)), fields=['reader_key', 'is_open', '-request', 'is_own'], name='reader_requests'),
        ),
        migrations.AddIndex(
            model_name='reader',
            index=models.Index(condition=models.Q(('removal__isnull', False)), fields=['reader_key', 'is_open', '-removal', 'is_own'], name='reader_removals'),
        ),
        migrations.AddIndex(
            model_name='reader',
            index=models.Index(condition=models.Q(('grant__isnull', False)), fields=['reader_key', 'is_open', '-grant', 'is_own'], name='reader_grants'),
        ),
        migrations.AddConstraint(
            model_name='reader',
            constraint=models.UniqueConstraint(fields=('request', 'reader_key'), name='one_reader_of_a_request'),
        ),
        migrations.AddConstraint(
            model_name='reader',
            constraint=models.UniqueConstraint(fields=('removal', 'reader_key'), name='one_reader_of_a_removal'),
        ),
        migrations.AddConstraint(
            model_name='reader',
            constraint=models.UniqueConstraint(fields=('grant', 'reader_key'), name='one_reader_of_a_grant'),
        ),
        migrations.AddConstraint(
            model_name='reader',
            constraint=models.CheckConstraint(condition=models.Q(models.Q(('grant__isnull', True), ('removal__isnull', True), ('request__isnull', False)), models.Q(('grant__isnull', True), ('removal__isnull', False), ('request__isnull', True)), models.Q(('grant__isnull', False), ('removal__isnull', True), ('request__isnull', True)), _connector='OR'), name='reader_of_one_thing'),
        ),
        migrations.RunPython(
            migrations.RunPython.noop, lambda apps, schema_editor: readers.remove(schema_editor.connection)
        ),
    ]
