"""Indexes by which what lists, receipts and usual times need is found in order."""

from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('provisioning', '0016_words'),
    ]

    operations = [
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(condition=models.Q(('subject_is_protected', True)), fields=['subject_key'], name='request_protected'),
        ),
        migrations.AddIndex(
            model_name='accessrequest',
            index=models.Index(fields=['service', 'state', '-state_since'], name='request_latest'),
        ),
        migrations.AddIndex(
            model_name='finding',
            index=models.Index(condition=models.Q(('subject_is_protected', True)), fields=['subject_key'], name='finding_protected'),
        ),
        migrations.AddIndex(
            model_name='grant',
            index=models.Index(condition=models.Q(('subject_is_protected', True)), fields=['subject_key'], name='grant_protected'),
        ),
        migrations.AddIndex(
            model_name='removal',
            index=models.Index(condition=models.Q(('subject_is_protected', True)), fields=['subject_key'], name='removal_protected'),
        ),
    ]
