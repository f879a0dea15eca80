"""The entrance of the web server."""

import os

from django.core.wsgi import get_wsgi_application

os.environ.setdefault("DJANGO_SETTINGS_MODULE", "config.settings")

application = get_wsgi_application()

from config.checks import refuse_half_installed, refuse_mixed_modes  # noqa: E402 (settings come first)
from provisioning.pages.middleware.odd_bytes import Utf8Request  # noqa: E402

refuse_mixed_modes()
refuse_half_installed(serves_pages=True)
application.request_class = Utf8Request
