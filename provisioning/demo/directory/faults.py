"""Faults that tests and operators can switch on: slow, busy, dropped, cut short, unreadable.

From Python through `MockDirectory.faults`; over the wire by an authenticated modify of the entry
`cn=faults` (attributes slowSeconds, busy, dropConnections, sizeLimit, unreadable, rangeSize, withholdsRest).
"""

from __future__ import annotations

import re
import threading
from dataclasses import dataclass, field

from provisioning.rules import names

ENTRY_DN = "cn=faults"

_RANGE = re.compile(r";range=(\d+)-", re.ASCII | re.IGNORECASE)


@dataclass
class Faults:
    """What is wrong right now. Assign freely from any thread; it holds from the next request."""

    slow_seconds: float = 0.0  # before every answer
    is_busy: bool = False  # every search answers busy (51)
    drop_connections: int = 0  # so many of the next requests lose their connection; -1 = all
    size_limit: int | None = None  # entries per search, whatever the client asks for
    unreadable: set[str] = field(default_factory=set)  # attributes, as if by an access rule
    unreadable_in: dict[str, set[str]] = field(default_factory=dict)  # the same of single entries, by DN
    range_size: int | None = None  # values of one attribute in an answer; more come as `x;range=0-…`
    withholds_rest: bool = False  # a client that asks for the rest of a range gets the first part again
    options: dict[str, str] = field(
        default_factory=dict
    )  # attributes that come under an option, as `x;option`
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def clear(self) -> None:
        """Mend everything."""
        self.slow_seconds, self.is_busy, self.drop_connections, self.size_limit = 0.0, False, 0, None
        self.unreadable, self.unreadable_in = set(), {}
        self.range_size, self.withholds_rest, self.options = None, False, {}

    def takes_drop(self) -> bool:
        """Say whether this request loses its connection, and count it."""
        with self._lock:
            if self.drop_connections > 0:
                self.drop_connections -= 1
                return True
            return self.drop_connections < 0

    def hidden(self, dn_key: names.Key) -> frozenset[str]:
        """The unreadable attributes of the entry, folded."""
        own = {name for dn, some in self.unreadable_in.items() if names.key(dn) == dn_key for name in some}
        return frozenset(name.casefold() for name in self.unreadable | own)

    def under_option(self, name: str, asked: str, values: list[bytes]) -> tuple[str, list[bytes]]:
        """The attribute as it is sent: in part where it is long, under an option where one is wished for.

        `asked`: as the client wrote it, `x` or `x;range=1500-*`. Source: [MS-ADTS] 3.1.1.3.1.3.3.
        """
        option = self.options.get(name)
        if option:
            return f"{name};{option}", values
        if self.range_size is None:
            return name, values
        part = _RANGE.search(asked)
        begin = int(part[1]) if part is not None and not self.withholds_rest else 0
        sent = values[begin : begin + self.range_size]
        if part is None and len(sent) == len(values):
            return name, values
        end = "*" if begin + len(sent) >= len(values) else str(begin + len(sent) - 1)
        return f"{name};range={begin}-{end}", sent

    def as_attributes(self) -> dict[str, list[bytes]]:
        """What a search for the control entry shows."""
        return {
            "objectClass": [b"applicationProcess"],
            "cn": [b"faults"],
            "slowSeconds": [str(self.slow_seconds).encode()],
            "busy": [str(self.is_busy).upper().encode()],
            "dropConnections": [str(self.drop_connections).encode()],
            "sizeLimit": [b"" if self.size_limit is None else str(self.size_limit).encode()],
            "unreadable": sorted(name.encode() for name in self.unreadable),
            "rangeSize": [b"" if self.range_size is None else str(self.range_size).encode()],
            "withholdsRest": [str(self.withholds_rest).upper().encode()],
        }

    def set_attribute(self, name: str, values: list[str]) -> None:
        """One attribute of the control entry replaced; no value means mended. Raises ValueError."""
        first = values[0].strip() if values else ""
        match name.casefold():
            case "slowseconds":
                self.slow_seconds = float(first or 0)
            case "busy":
                self.is_busy = first.upper() == "TRUE"
            case "dropconnections":
                self.drop_connections = int(first or 0)
            case "sizelimit":
                self.size_limit = int(first) if first else None
            case "unreadable":
                self.unreadable = {value.strip() for value in values if value.strip()}
            case "rangesize":
                self.range_size = int(first) if first else None
            case "withholdsrest":
                self.withholds_rest = first.upper() == "TRUE"
            case _:
                raise ValueError(name)
