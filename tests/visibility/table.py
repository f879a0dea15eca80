"""The expected table as a text that people read: who gets what answer, for every address, object and method.

One section for each address. A line holds what the address is about (`-`: nothing), the methods with the same
answers, and one answer for each kind of person.
"""

from __future__ import annotations

from pathlib import Path

METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")
FILE = Path(__file__).with_name("expected.txt")

Key = tuple[str, str, str]  # address, object, method
Column = dict[Key, str]  # one person's answers


def read(text: str) -> dict[str, Column]:
    """The table by kind of person."""
    columns: dict[str, Column] = {}
    address, people = "", []
    for line in text.splitlines():
        if line.startswith("## "):
            address = line[3:]
        elif line.startswith("about "):
            people = line.split()[2:]
        elif line and not line.startswith("#"):
            about, methods, *answers = line.split()
            for person, answer in zip(people, answers, strict=True):
                for method in methods.split("/"):
                    columns.setdefault(person, {})[address, about, method] = answer
    return columns


def write(columns: dict[str, Column], *, introduction: str) -> str:
    """The text of a table."""
    people = list(columns)
    lines = [introduction.rstrip()]
    keys = list(dict.fromkeys(key for column in columns.values() for key in column))
    for address in dict.fromkeys(key[0] for key in keys):
        lines += ["", f"## {address}", _line("about", "methods", people)]
        for about in dict.fromkeys(key[1] for key in keys if key[0] == address):
            same: dict[tuple[str, ...], list[str]] = {}
            for method in METHODS:
                answers = tuple(column.get((address, about, method), "?") for column in columns.values())
                same.setdefault(answers, []).append(method)
            lines += [_line(about, "/".join(methods), answers) for answers, methods in same.items()]
    return "\n".join(lines) + "\n"


def introduction(text: str) -> str:
    """The comment lines that a table begins with."""
    return text.partition("\n## ")[0]


def _line(about: str, methods: str, cells: list[str] | tuple[str, ...]) -> str:
    return f"{about:<14}{methods:<34}" + "".join(f"{cell:<15}" for cell in cells).rstrip()
