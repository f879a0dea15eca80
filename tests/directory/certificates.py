"""A certificate authority of the tests' own, made by the openssl command."""

from __future__ import annotations

import subprocess
from dataclasses import dataclass
from pathlib import Path

_KEY = ["-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:prime256v1", "-nodes"]


@dataclass(frozen=True)
class Certificates:
    """Paths of PEM files: the authority, one nobody uses, and a certificate for `localhost`."""

    ca: Path
    other_ca: Path
    cert: Path
    key: Path
    misnamed_cert: Path  # for another host
    misnamed_key: Path
    client_cert: Path  # of whoever asks
    client_key: Path

    def pair(self, *, misnamed: bool) -> tuple[Path, Path]:
        """The certificate and key of a server, for `localhost` or for another host."""
        return (self.misnamed_cert, self.misnamed_key) if misnamed else (self.cert, self.key)


def make(folder: Path) -> Certificates:
    """Takes a few tenths of a second."""
    folder.mkdir(parents=True, exist_ok=True)
    for name in ("ca", "other-ca"):
        _openssl("req", "-x509", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.pem", "-days", "30",
                 "-subj", f"/CN=Test authority {name}", cwd=folder)  # fmt: skip
    for name, host in (
        ("server", "localhost"),
        ("misnamed", "elsewhere.invalid"),
        ("client", "tool.invalid"),
    ):
        _openssl("req", *_KEY, "-keyout", f"{name}.key", "-out", f"{name}.csr",
                 "-subj", f"/CN={host}", cwd=folder)  # fmt: skip
        (folder / f"{name}.ext").write_text(f"subjectAltName=DNS:{host}\n")
        _openssl("x509", "-req", "-in", f"{name}.csr", "-CA", "ca.pem", "-CAkey", "ca.key",
                 "-CAcreateserial", "-out", f"{name}.pem", "-days", "30",
                 "-extfile", f"{name}.ext", cwd=folder)  # fmt: skip
    return Certificates(
        ca=folder / "ca.pem",
        other_ca=folder / "other-ca.pem",
        cert=folder / "server.pem",
        key=folder / "server.key",
        misnamed_cert=folder / "misnamed.pem",
        misnamed_key=folder / "misnamed.key",
        client_cert=folder / "client.pem",
        client_key=folder / "client.key",
    )


def _openssl(*arguments: str, cwd: Path) -> None:
    subprocess.run(["openssl", *arguments], cwd=cwd, check=True, capture_output=True)
