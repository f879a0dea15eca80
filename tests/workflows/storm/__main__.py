"""Play one storm and print what came of it, as JSON on the last line.

python -m tests.workflows.storm FOLDER --kills 150 --seconds 540 --cases 200
"""

from __future__ import annotations

import argparse
import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests import servers
from tests.directory import certificates
from tests.directory.slapd import Slapd, Suffix
from tests.workflows.storm import parts, region
from tests.workflows.storm.parts import Keeper, Part
from tests.workflows.storm.post import PostOffice

READER, WRITER = "cn=lasare,ou=Konton,o=Demoregionen", "cn=kiv,ou=Konton,o=Demoregionen"
FOREIGN = ("APP_", "AUDIT_", "DATABASE_", "DIRECTORY_", "EMAIL_", "HSA_", "POLL_", "REDIS_", "REVIEW_")


def main() -> None:
    parser = argparse.ArgumentParser()
    parser.add_argument("folder", type=Path)
    parser.add_argument("--kills", type=int, default=150)
    parser.add_argument("--seconds", type=float, default=540, help="how long the kills are spread over")
    parser.add_argument("--cases", type=int, default=200, help="goes on until so many have been begun")
    parser.add_argument("--at-once", type=int, default=40, help="cases under way at the same time")
    parser.add_argument("--people", type=int, default=300)
    wanted = parser.parse_args()
    sys.stdout.write(json.dumps(Installation(wanted.folder, wanted.people).play(wanted)) + "\n")


class Installation:
    """PostgreSQL, Redis, slapd, two workers, the timetable and the web server, all with their keeper."""

    def __init__(self, folder: Path, people: int):
        self.folder = folder.resolve()
        self.post = PostOffice()
        self.postgres = servers.Postgres(outlives_kills=True)
        self.postgres.prepare()
        self.redis = servers.Redis(self.folder)
        self.redis.port = servers.free_port()
        suffix = Suffix("o=Demoregionen", region.make(people), readers=[READER], writers=[WRITER])
        self.slapd = Slapd(self.folder / "slapd", [suffix], certificates.make(self.folder / "certificates"))
        self.web_port = servers.free_port()
        self.env = self._environment()
        self.below = [
            Part("postgres", self.postgres.command, self.folder, user=self.postgres.user),
            Part("redis", self.redis.command, self.folder),
            Part("slapd", self.slapd.command, self.folder),
        ]
        self.tool = parts.services(self.env, self.folder, self.web_port)

    @property
    def address(self) -> str:
        return f"http://{servers.LOOPBACK}:{self.web_port}"

    def play(self, wanted: argparse.Namespace) -> dict[str, Any]:
        everything = [*self.below, *self.tool]
        try:
            for part in self.below:
                part.start()
            parts.wait_until(self.postgres.answers, "PostgreSQL answers")
            self._manage("migrate", "--verbosity", "0")
            self._manage("collectstatic", "--no-input", "--verbosity", "0")
            for part in self.tool:
                part.start()
            parts.wait_until(lambda: parts.answers(f"{self.address}/readyz"), "the web server is ready")
            keeper = Keeper(everything)
            keeper.start()
            os.environ |= self.env
            from tests.workflows.storm import play

            try:
                return play.storm(self, everything, wanted)
            finally:
                keeper.stop()
        finally:
            for part in everything:
                part.kill()
            self.postgres.stop()

    def _manage(self, *words: str) -> None:
        command = [sys.executable, "manage.py", *words]
        subprocess.run(command, cwd=parts.ROOT, env=self.env, check=True, stdout=subprocess.DEVNULL)

    def _environment(self) -> dict[str, str]:
        kept = {name: text for name, text in os.environ.items() if not name.startswith(FOREIGN)}
        return kept | {
            "DJANGO_SETTINGS_MODULE": "config.settings",
            "VAR_DIR": str(self.folder),
            "DATABASE_URL": self.postgres.url("postgres"),
            "REDIS_URL": self.redis.url,
            "DIRECTORY_URL": self.slapd.url,
            "DIRECTORY_BIND_DN": READER,
            "DIRECTORY_BIND_PASSWORD": "lasare",
            "DIRECTORY_PERSON_BASE": "ou=Personal,o=Demoregionen",
            "DIRECTORY_UNIT_BASE": "ou=Org,o=Demoregionen",
            # The storm is not about the pace, and one head orders for a whole region.
            "DIRECTORY_BACKGROUND_SEARCHES_PER_SECOND": "100",
            # What takes hours elsewhere takes minutes here: many values that are gone at one look are
            # believed by a second one, as long after the first as an outage lasts here.
            "REMOVAL_SECOND_LOOK_SECONDS": "15",
            "LIMIT_LOGINS_PER_MINUTE": "100000",
            "LIMIT_SEARCHES_PER_MINUTE": "100000",
            "LIMIT_ORDERS_PER_HOUR": "100000",
            "EMAIL_HOST": servers.LOOPBACK,
            "EMAIL_PORT": str(self.post.port),
            "LOG_LEVEL": "WARNING",
        }


if __name__ == "__main__":
    main()
