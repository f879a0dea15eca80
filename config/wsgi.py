"""The entrance of the web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.checks import refuse_mixed_modes  # noqa: E402 (settings and apps come first)

refuse_mixed_modes()
