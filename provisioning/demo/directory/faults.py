"""Faults that tests and operators can switch on: slow, busy, dropped, cut short, unreadable.

From Python through `MockDirectory.faults`; over the wire by an authenticated modify of the entry
`cn=faults` (attributes slowSeconds, busy, dropConnections, sizeLimit, unreadable).
"""

from __future__ import annotations

import threading
from dataclasses import dataclass, field

from provisioning.directory.reading import names

ENTRY_DN = "cn=faults"


@dataclass
class Faults:
    """What is wrong right now. Assign freely from any thread; it holds from the next request."""

    slow_seconds: float = 0.0  # before every answer
    is_busy: bool = False  # every search answers busy (51)
    drop_connections: int = 0  # so many of the next requests lose their connection; -1 = all
    size_limit: int | None = None  # entries per search, whatever the client asks for
    unreadable: set[str] = field(default_factory=set)  # attributes, as if by an access rule
    unreadable_in: dict[str, set[str]] = field(default_factory=dict)  # the same of single entries, by DN
    _lock: threading.Lock = field(default_factory=threading.Lock, repr=False)

    def clear(self) -> None:
        """Mend everything."""
        self.slow_seconds, self.is_busy, self.drop_connections, self.size_limit = 0.0, False, 0, None
        self.unreadable, self.unreadable_in = set(), {}

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
            case _:
                raise ValueError(name)
