#!/usr/bin/env python3
"""Ask whether locked packages have known vulnerabilities: audit_dependencies.py LOCKFILE...

Exit status: 0 all were asked about and none has any, 1 one has and is named, 2 it could not be asked.
pip-audit itself says "no known vulnerabilities" when its source knows none of the packages, and has one
exit status for a vulnerability and for a source that does not answer. So each source is first asked about a
release that is known to be vulnerable, and a package that is not answered for counts as not asked about.
"""

import argparse
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

SOURCES = ("pypi", "osv")
# Has had published advisories for years; whoever knows of none passes no advisories on.
KNOWN_TO_BE_VULNERABLE = "django==2.2.0\n"
OTHER_ADVICE = "Ask again where the internet can be reached, before each release."


class CouldNotAsk(Exception):
    pass


def ask(program: str, source: str, lock: str | Path, *options: str) -> list[dict[str, Any]]:
    """Give what pip-audit found on each package: a list of its `dependencies`."""
    with tempfile.TemporaryDirectory() as folder:
        answer = Path(folder) / "answer.json"
        done = subprocess.run(
            [program, "--vulnerability-service", source, "--requirement", lock, "--disable-pip", *options,
             "--format", "json", "--output", answer, "--progress-spinner", "off", "--timeout", "15"],
            capture_output=True, text=True, check=False,
        )  # fmt: skip
        if not answer.exists():
            said = done.stderr.strip().splitlines()
            raise CouldNotAsk(said[-1][:160] if said else f"exit status {done.returncode}")
        packages: list[dict[str, Any]] = json.loads(answer.read_text(encoding="utf-8"))["dependencies"]
        return packages


def check_that_it_knows(program: str, source: str) -> None:
    with tempfile.TemporaryDirectory() as folder:
        lock = Path(folder) / "known.txt"
        lock.write_text(KNOWN_TO_BE_VULNERABLE, encoding="utf-8")
        packages = ask(program, source, lock, "--no-deps")
    if not any(package.get("vulns") for package in packages):
        said = "".join(
            f"; it says: {package['skip_reason']}" for package in packages if "skip_reason" in package
        )
        raise CouldNotAsk(f"it knows of nothing wrong with {KNOWN_TO_BE_VULNERABLE.strip()}{said}")


def first_source_that_knows(program: str) -> str:
    reasons = []
    for source in SOURCES:
        try:
            check_that_it_knows(program, source)
        except CouldNotAsk as reason:
            reasons.append(f"  {source}: {reason}")
        else:
            return source
    raise CouldNotAsk("\n".join(["no source of advisories could be asked:", *reasons]))


def audit(program: str, source: str, lock: str) -> tuple[int, int]:
    """Print what is wrong; give how many packages are vulnerable and how many were not answered for."""
    packages = ask(program, source, lock, "--require-hashes")
    vulnerable = [package for package in packages if package.get("vulns")]
    silent = [package["name"] for package in packages if "skip_reason" in package]
    for package in vulnerable:
        for flaw in package["vulns"]:
            mended = ", ".join(flaw["fix_versions"]) or "no release yet"
            print(
                f"VULNERABLE {lock}: {package['name']} {package['version']}: {flaw['id']}; mended in {mended}"
            )
    if silent:
        print(f"COULD NOT ASK {lock}: nothing is said about {', '.join(silent)}")
    print(f"{lock}: {len(packages) - len(silent)} of {len(packages)} packages asked about, "
          f"{len(vulnerable)} vulnerable ({source})")  # fmt: skip
    return len(vulnerable), len(silent)


def main(arguments: list[str] | None = None) -> int:
    parser = argparse.ArgumentParser(description="Ask about known vulnerabilities of locked packages.")
    parser.add_argument("locks", nargs="+", metavar="LOCKFILE")
    parser.add_argument("--pip-audit", default=str(Path(sys.executable).parent / "pip-audit"))
    options = parser.parse_args(arguments)
    try:
        source = first_source_that_knows(options.pip_audit)
        counts = [audit(options.pip_audit, source, lock) for lock in options.locks]
    except (CouldNotAsk, OSError) as reason:
        print(f"COULD NOT ASK: {reason}\n{OTHER_ADVICE}")
        return 2
    if any(vulnerable for vulnerable, _ in counts):
        return 1
    return 2 if any(silent for _, silent in counts) else 0


if __name__ == "__main__":
    sys.exit(main())
