from django.db import migrations, models


class Migration(migrations.Migration):

    dependencies = [
        ('runs', '0002_replications'),
    ]

    operations = [
        migrations.AddField(
            model_name='run',
            name='controllers',
            field=models.CharField(choices=[('owner', 'Owner'), ('link', 'Link')], default='owner', max_length=10),
        ),
        migrations.AddField(
            model_name='run',
            name='samples',
            field=models.TextField(blank=True, default=''),
            preserve_default=False,
        ),
    ]
