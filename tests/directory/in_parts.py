"""Any server as one that sends long attributes in parts: `x;range=0-1499`, and the rest only when asked.

In front of the client's own search, so that a real server's entries come that way.
Source: [MS-ADTS] 3.1.1.3.1.3.3.
"""

from __future__ import annotations

import re
from typing import Any

import pytest

from provisioning.directory.ldap.library import ldap3

_PART = re.compile(r"(.+);range=(\d+)-\*", re.ASCII | re.IGNORECASE)


def send(monkeypatch: pytest.MonkeyPatch, *, at_once: int, withholds_rest: bool = False) -> list[str]:
    """From now on so many values of an attribute come at once. Returns the parts asked for, as they grow."""
    search = ldap3.Connection.search
    asked: list[str] = []

    def in_parts(link: Any, **question: Any) -> Any:
        begins: dict[str, int] = {}
        for name in question["attributes"]:
            if part := _PART.fullmatch(name):
                asked.append(name)
                begins[part[1].casefold()] = 0 if withholds_rest else int(part[2])
        plain = [name.partition(";")[0] for name in question["attributes"]]
        status, result, response, request = search(link, **{**question, "attributes": plain})
        for each in response:
            if each["type"] == "searchResEntry":
                whole = each["raw_attributes"]
                each["raw_attributes"] = dict(_part(name, whole[name], begins, at_once) for name in whole)
        return status, result, response, request

    monkeypatch.setattr(ldap3.Connection, "search", in_parts)
    return asked


def _part(name: str, values: list[bytes], begins: dict[str, int], at_once: int) -> tuple[str, list[bytes]]:
    begin = begins.get(name.casefold(), 0)
    sent = values[begin : begin + at_once]
    if name.casefold() not in begins and len(sent) == len(values):
        return name, values
    end = "*" if begin + len(sent) >= len(values) else str(begin + len(sent) - 1)
    return f"{name};range={begin}-{end}", sent
