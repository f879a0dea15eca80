"""A real OpenID provider (npm: oidc-provider) as a child process on loopback."""

from __future__ import annotations

import fcntl
import json
import subprocess
from pathlib import Path
from typing import Any
from urllib.parse import quote

import requests

from tests import cast, servers
from tests.servers import LOOPBACK, ROOT, Server

SOURCE = ROOT / "tests" / "login" / "provider"
CLIENT = {"id": "access-tool", "secret": "a secret that only the tests and their provider know"}
STRONG = "http://id.sambi.se/loa/loa3"
WEAK = "http://id.sambi.se/loa/loa2"

# Name on the page → what the provider says of whoever uses the card.
CARDS: dict[str, dict[str, Any]] = {
    "head": {"hsaId": cast.HEAD.text, "acr": STRONG},
    "other": {"hsaId": cast.DOCTOR.text, "acr": STRONG},
    "lower-case": {"hsaId": cast.HEAD.text.lower(), "acr": STRONG},
    "two-ids": {"hsaId": [cast.TWO_IDS.text, cast.TWO_IDS_OTHER.text], "acr": STRONG},
    "two-one-unknown": {"hsaId": [cast.NOBODY.text, cast.TWO_IDS.text], "acr": STRONG},
    "two-unknown": {"hsaId": [cast.NOBODY.text, "SE0000000000-9998"], "acr": STRONG},
    "list-of-one": {"hsaId": [cast.HEAD.text], "acr": STRONG},
    "one-formless": {"hsaId": ["anna.andersson@example.org", cast.HEAD.text.lower()], "acr": STRONG},
    "weak": {"hsaId": cast.HEAD.text, "acr": WEAK},
    "no-hsa-id": {"hsaId": None, "acr": STRONG},
    "empty-hsa-id": {"hsaId": [], "acr": STRONG},
    "malformed-hsa-id": {"hsaId": "*)(uid=*", "acr": STRONG},
    "strange-hsa-id": {"hsaId": {"id": cast.HEAD.text}, "acr": STRONG},
    "unknown": {"hsaId": cast.NOBODY.text, "acr": STRONG},
    "archived": {"hsaId": cast.ARCHIVED.text, "acr": STRONG},
}


class OidcProvider(Server):
    """The provider. `site_urls` are the tools that are registered with it."""

    def __init__(self, folder: Path, *site_urls: str, port: int | None = None):
        super().__init__(folder)
        self.port = port or servers.free_port()
        self._site_urls = site_urls

    @property
    def issuer(self) -> str:
        return f"http://{LOOPBACK}:{self.port}"

    def start(self) -> None:
        node = servers.find("node", "nodejs")
        install()
        config = self.folder / "provider.json"
        config.write_text(
            json.dumps(
                {
                    "port": self.port,
                    "client": CLIENT,
                    "redirectUris": [f"{url}/logga-in/svar/" for url in self._site_urls],
                    "logoutUris": [f"{url}/utloggad/" for url in self._site_urls],
                    "cards": CARDS,
                }
            )
        )
        self._spawn([node, str(SOURCE / "provider.mjs"), str(config)])

    def fault(self, **fault: Any) -> None:
        """Switch a fault on; without arguments, all off."""
        text = quote(json.dumps(fault)) if fault else ""
        answer = requests.get(f"{self.issuer}/test/fault?{text}", timeout=60)
        assert answer.text == "ok"


def install() -> None:
    """Install what the lock file says, once; other test processes wait for it."""
    npm = servers.find("npm")
    lock, done = SOURCE / "package-lock.json", SOURCE / "node_modules" / ".installed"
    with (SOURCE / "package.json").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        if done.exists() and done.read_text() == lock.read_text():
            return
        command = [npm, "ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"]
        result = subprocess.run(command, cwd=SOURCE, capture_output=True, text=True, stdin=subprocess.DEVNULL)
        if result.returncode:
            servers.report_missing(f"the npm package oidc-provider (npm ci failed: {result.stderr[-300:]})")
        done.write_text(lock.read_text())
