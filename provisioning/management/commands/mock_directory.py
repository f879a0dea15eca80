"""`manage.py mock_directory`: serve an LDIF file as an LDAP directory on a loopback address."""

from __future__ import annotations

import errno
import ipaddress
import signal
from argparse import ArgumentParser
from pathlib import Path
from typing import Any

from django.conf import settings
from django.core.management.base import BaseCommand, CommandError

from provisioning.demo.directory.ldif import BadLdif
from provisioning.demo.directory.server import DEMO_LDIF, MockDirectory, NotLoopback
from provisioning.demo.directory.store import Failed

STOPPING = {signal.SIGTERM, signal.SIGINT}


class Command(BaseCommand):
    """Serves until it is told to stop (SIGTERM or Ctrl-C)."""

    help = "Serve an LDIF file as an LDAP directory, for demonstrations and tests. Loopback only."
    requires_system_checks: list[str] = []

    def add_arguments(self, parser: ArgumentParser) -> None:
        parser.add_argument("--ldif", type=Path, default=DEMO_LDIF, help="the entries (default: the demo)")
        parser.add_argument("--listen", default="127.0.0.1:3389", metavar="ADDRESS:PORT")
        parser.add_argument("--bind-dn", default=None, help="an account besides those in the LDIF")
        parser.add_argument("--bind-password", default=None)
        parser.add_argument("--require-bind", action="store_true", help="refuse anonymous reading")
        parser.add_argument("--cert", type=Path, help="certificate (PEM): offers StartTLS")
        parser.add_argument("--key", type=Path, help="its private key (PEM)")
        parser.add_argument("--ldaps", action="store_true", help="TLS from the first byte; needs --cert")
        parser.add_argument("--size-limit", type=int, help="entries a search may give")
        parser.add_argument("--save", type=Path, metavar="FILE", help="write every change here, as LDIF")

    def handle(self, *args: Any, **options: Any) -> None:
        directory = self._open(options)
        # Waited for rather than handled: a handler that meets the main thread at its lock hangs both.
        signal.pthread_sigmask(signal.SIG_BLOCK, STOPPING)
        try:
            with directory:
                self.stdout.write(f"Mock directory: {directory.url} ({len(directory.store)} entries)")
                self.stdout.flush()
                signal.sigwait(STOPPING)
        finally:
            signal.pthread_sigmask(signal.SIG_UNBLOCK, STOPPING)
        self.stdout.write("Mock directory: stopped")

    def _open(self, options: dict[str, Any]) -> MockDirectory:
        host, port = _address(options["listen"])
        if options["ldaps"] and not options["cert"]:
            raise CommandError("--ldaps needs --cert (and --key).")
        for path in (options["cert"], options["key"]):
            if path and not path.is_file():
                raise CommandError(f"Cannot read {path}: no such file.")
        source: Path = options["ldif"]
        save: Path | None = options["save"]
        try:
            return MockDirectory(
                # What was saved goes on where it stopped.
                save if save and save.exists() else source,
                host=host,
                port=port,
                bind_dn=_or_setting(options["bind_dn"], "DIRECTORY_BIND_DN"),
                bind_password=_or_setting(options["bind_password"], "DIRECTORY_BIND_PASSWORD"),
                requires_bind=options["require_bind"],
                cert_path=options["cert"],
                key_path=options["key"],
                is_ldaps=options["ldaps"],
                size_limit=options["size_limit"],
                save_path=save,
            )
        except NotLoopback as exc:
            raise CommandError(
                f"{host} is not a loopback address; the mock directory serves this machine only."
            ) from exc
        except (BadLdif, Failed) as exc:
            raise CommandError(f"Cannot load {source}: {exc}") from exc
        except OSError as exc:
            raise CommandError(_why(exc, options["listen"])) from exc


def _address(text: str) -> tuple[str, int]:
    host, _, port = text.rpartition(":")
    if not port.isdigit():
        raise CommandError(f"--listen takes ADDRESS:PORT, not “{text}”.")
    host = host.strip("[]") or "127.0.0.1"
    if host == "localhost":
        return "127.0.0.1", int(port)
    try:
        ipaddress.ip_address(host)
    except ValueError:
        raise CommandError(f"--listen takes ADDRESS:PORT, and {host} is no IP address.") from None
    return host, int(port)


def _or_setting(given: str | None, name: str) -> str:
    return str(getattr(settings, name, "") or "") if given is None else given


def _why(exc: OSError, listen: str) -> str:
    if exc.errno == errno.EADDRINUSE:
        return f"{listen} is taken: another program listens there. Stop it, or choose another with --listen."
    if exc.filename:
        return f"Cannot read {exc.filename}: {exc.strerror}."
    return f"Cannot listen on {listen}: {exc.strerror or exc}."
