"""Asks the web server of this container whether it can work, under a host name it accepts."""

import os
import sys
import urllib.request
from urllib.parse import urlsplit

host = urlsplit(os.environ.get("SITE_URL", "http://localhost")).netloc
request = urllib.request.Request("http://127.0.0.1:8000/readyz", headers={"Host": host})  # noqa: S310
try:
    with urllib.request.urlopen(request, timeout=4) as answer:  # noqa: S310 (a fixed http address)
        sys.exit(0 if answer.status == 200 else 1)
except OSError:
    sys.exit(1)
