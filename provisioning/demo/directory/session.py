"""One client's connection to the mock: who it is bound as, and an answer to each operation."""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from provisioning.demo.directory import ber, matching, protocol
from provisioning.demo.directory import faults as fault_names
from provisioning.demo.directory.faults import Faults
from provisioning.demo.directory.filters import Filter, FilterKind, matches, value_matches
from provisioning.demo.directory.store import BASE, Failed, Store, StoredEntry
from provisioning.rules import names

ALWAYS_HIDDEN = frozenset({"userpassword"})
_ROOT_ATTRIBUTES = {"vendorName": [b"mock HSA directory"], "supportedLDAPVersion": [b"3"]}


@dataclass(frozen=True, slots=True)
class Policy:
    """What all connections of one server share."""

    store: Store
    faults: Faults
    bind_dn: str = ""
    bind_password: str = ""
    requires_bind: bool = False
    offers_tls: bool = False
    size_limit: int | None = None
    on_change: Callable[[], None] = lambda: None


@dataclass
class Session:
    """Answers one connection's messages. `wants_tls` asks the server to start TLS after the answer."""

    policy: Policy
    is_tls: bool = False
    bound_dn: str = ""
    wants_tls: bool = False
    _pages: dict[str, tuple[list[bytes], int]] = field(default_factory=dict)
    _cookies: Iterable[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, message: protocol.Message) -> bytes:
        """The bytes to send back; empty for operations without an answer."""
        tag = protocol.ANSWER_TO.get(message.operation)
        if tag is None:
            return b""
        try:
            self._refuse_unknown_controls(message)
            return self._operate(message, tag)
        except Failed as failure:
            return protocol.write_result(message.id, tag, failure.code, failure.text)
        except (ber.Malformed, ValueError) as exc:
            return protocol.write_result(message.id, tag, 2, f"protocol error: {exc}")

    def _operate(self, message: protocol.Message, tag: int) -> bytes:
        match message.operation:
            case protocol.BIND:
                return protocol.write_result(message.id, tag, *self._bind(message.content))
            case protocol.SEARCH:
                return self._search(message)
            case protocol.COMPARE:
                return protocol.write_result(message.id, tag, self._compare(message.content))
            case protocol.EXTENDED:
                return self._extended(message, tag)
            case protocol.MODIFY | protocol.ADD | protocol.DELETE:
                self._change(message)
                return protocol.write_result(message.id, tag)
            case _:
                raise Failed(53, "this operation is not supported")

    def _refuse_unknown_controls(self, message: protocol.Message) -> None:
        for control in message.controls.values():
            if control.is_critical and control.oid not in protocol.CONTROLS:
                raise Failed(12, f"unknown critical control {control.oid}")

    def _bind(self, content: bytes) -> tuple[int, str]:
        self.bound_dn = ""
        dn, password = protocol.read_bind(content)
        if password is None:
            return 7, "only simple bind"
        if not dn and not password:
            return 0, ""
        if "=" not in dn:
            return 34, "no distinguished name"
        if not password:
            return 53, "a name without a password"
        if self._is_password_of(dn, password):
            self.bound_dn = dn
            return 0, ""
        return 49, "invalid credentials"

    def _is_password_of(self, dn: str, password: bytes) -> bool:
        policy = self.policy
        is_configured = bool(policy.bind_dn) and names.key(dn) == names.key(policy.bind_dn)
        if is_configured and policy.bind_password.encode() == password:
            return True
        entry = policy.store.get(dn)
        return entry is not None and password in entry.values("userpassword")

    def _hidden(self, dn_key: names.Key) -> frozenset[str]:
        return self.policy.faults.hidden(dn_key) | ALWAYS_HIDDEN

    def _demand_reader(self) -> None:
        if self.policy.requires_bind and not self.bound_dn:
            raise Failed(50, "bind first")
        if self.policy.faults.is_busy:
            raise Failed(51, "busy")

    def _search(self, message: protocol.Message) -> bytes:
        request = protocol.read_search(message.content)
        if request.scope == BASE and not request.base_dn:
            return self._single(message.id, request, "", self._root_dse())
        self._demand_reader()
        if names.key(request.base_dn) == names.key(fault_names.ENTRY_DN):
            shown = self.policy.faults.as_attributes()
            return self._single(message.id, request, fault_names.ENTRY_DN, shown)
        manages = protocol.MANAGE_DSA_IT in message.controls
        elsewhere = None if manages else self.policy.store.referral_above(request.base_dn)
        if elsewhere is not None:
            extra = protocol.referral(elsewhere.values("ref"))
            return protocol.write_result(message.id, protocol.SEARCH_DONE, 10, extra=extra)
        return self._paged(message, request, manages=manages)

    def _paged(self, message: protocol.Message, request: protocol.SearchRequest, *, manages: bool) -> bytes:
        paging = message.controls.get(protocol.PAGED_RESULTS)
        if paging is None:
            parts, code = self._found(message, request, manages=manages)
            return b"".join(parts) + protocol.write_result(message.id, protocol.SEARCH_DONE, code)
        size, cookie = protocol.read_paging(paging)
        if cookie:
            if cookie not in self._pages:
                raise Failed(53, "unknown cookie")
            parts, code = self._pages.pop(cookie)
        else:
            parts, code = self._found(message, request, manages=manages)
        page, rest = (parts[:size], parts[size:]) if size else ([], [])
        next_cookie = str(next(iter(self._cookies))) if rest else ""
        if rest:
            self._pages[next_cookie] = (rest, code)
        done = protocol.write_result(
            message.id,
            protocol.SEARCH_DONE,
            0 if rest else code,
            controls=protocol.paging_control(next_cookie),
        )
        return b"".join(_renumbered(part, message.id) for part in page) + done

    def _found(
        self, message: protocol.Message, request: protocol.SearchRequest, *, manages: bool
    ) -> tuple[list[bytes], int]:
        """The encoded entries and references, and the result code: 0, or 4 when cut short."""
        store = self.policy.store
        found = store.search(request.base_dn, request.scope, request.filter, self._hidden)
        pointers = [] if manages else store.referrals(request.base_dn, request.scope)
        found = [entry for entry in found if entry not in pointers]
        limits = [request.size_limit or None, self.policy.size_limit, self.policy.faults.size_limit]
        limit = min((limit for limit in limits if limit is not None), default=None)
        is_cut = limit is not None and len(found) > limit
        matched = message.controls.get(protocol.MATCHED_VALUES)
        if self.policy.faults.range_size is not None:
            matched = None  # servers that send ranges do not know matched values, and ignore the wish
        wanted_values = protocol.read_matched_values(matched) if matched else None
        parts = [
            protocol.write_entry(message.id, entry.dn, self._shown(entry, request, wanted_values))
            for entry in found[:limit]
        ]
        parts += [protocol.write_reference(message.id, pointer.values("ref")) for pointer in pointers]
        return parts, 4 if is_cut else 0

    def _shown(
        self,
        entry: StoredEntry,
        request: protocol.SearchRequest,
        wanted_values: tuple[Filter, ...] | None,
    ) -> list[tuple[str, list[bytes]]]:
        hidden = self._hidden(entry.key)
        held = {plain: pair for plain, pair in entry.attributes.items() if plain not in hidden}
        shown = []
        for plain, name in _selected(request.attributes, held):
            values = [entry.dn.encode()] if plain == "entrydn" else held[plain][1]
            if wanted_values is not None:
                values = _matched(plain, values, wanted_values)
            if values:
                asked = next((each for each in request.attributes if matching.plain_name(each) == plain), "")
                name, values = self.policy.faults.under_option(name, asked, values)
                shown.append((name, [] if request.types_only else values))
        return shown

    def _root_dse(self) -> dict[str, list[bytes]]:
        extensions = [
            oid for oid in protocol.EXTENSIONS if oid != protocol.START_TLS or self.policy.offers_tls
        ]
        return _ROOT_ATTRIBUTES | {
            "objectClass": [b"top"],
            "namingContexts": [dn.encode() for dn in self.policy.store.suffixes()],
            "supportedControl": [oid.encode() for oid in protocol.CONTROLS],
            "supportedExtension": [oid.encode() for oid in extensions],
        }

    def _single(
        self, number: int, request: protocol.SearchRequest, dn: str, attributes: dict[str, list[bytes]]
    ) -> bytes:
        """An answer with one entry that is not in the store: the root DSE, the faults."""
        entry = StoredEntry(dn, names.key(dn))
        for name, values in attributes.items():
            entry.set_values(name, values)
        parts = b""
        if matches(request.filter, entry.normalised):
            # The root DSE's attributes are operational: `+` asks for them too.
            selection = tuple("*" if name == "+" else name for name in request.attributes)
            chosen = [(name, entry.values(plain)) for plain, name in _selected(selection, entry.attributes)]
            parts = protocol.write_entry(number, dn, chosen)
        return parts + protocol.write_result(number, protocol.SEARCH_DONE)

    def _compare(self, content: bytes) -> int:
        self._demand_reader()
        dn, attribute, value = protocol.read_compare(content)
        return 6 if self.policy.store.compare(dn, attribute, value, self._hidden) else 5

    def _change(self, message: protocol.Message) -> None:
        if not self.bound_dn:
            raise Failed(50, "only an authenticated client may change anything")
        if message.operation == protocol.DELETE:
            self.policy.store.delete(ber.as_text(message.content))
        elif message.operation == protocol.ADD:
            self.policy.store.add(*protocol.read_add(message.content))
        else:
            dn, changes = protocol.read_modify(message.content)
            if names.key(dn) == names.key(fault_names.ENTRY_DN):
                self._set_faults(changes)
                return
            self.policy.store.modify(dn, changes)
        self.policy.on_change()

    def _set_faults(self, changes: list[tuple[int, str, list[bytes]]]) -> None:
        for operation, name, values in changes:
            texts = [] if operation == 1 else [ber.as_text(value) for value in values]
            try:
                self.policy.faults.set_attribute(name, texts)
            except ValueError as exc:
                raise Failed(21, f"cannot set the fault {name}") from exc

    def _extended(self, message: protocol.Message, tag: int) -> bytes:
        oid = protocol.read_extended(message.content)
        if oid == protocol.WHO_AM_I:
            who = f"dn:{self.bound_dn}" if self.bound_dn else ""
            return protocol.write_result(message.id, tag, extra=ber.text(who, 0x8B))
        if oid == protocol.START_TLS and self.policy.offers_tls and not self.is_tls:
            self.wants_tls = True
            return protocol.write_result(message.id, tag, extra=ber.text(oid, 0x8A))
        raise Failed(2, "this extended operation is not offered")


def _selected(selection: tuple[str, ...], held: dict[str, tuple[str, list[bytes]]]) -> list[tuple[str, str]]:
    """Which attributes to show: plain name and name as written."""
    wanted = {matching.plain_name(name) for name in selection}
    chosen = [
        (plain, name) for plain, (name, _) in held.items() if not wanted or "*" in wanted or plain in wanted
    ]
    if wanted & {"+", "entrydn"}:
        chosen.append(("entrydn", "entryDN"))
    return chosen


def _matched(plain: str, values: list[bytes], wanted: tuple[Filter, ...]) -> list[bytes]:
    """The values that one of the filter items names (RFC 3876 section 2)."""
    items = [item for item in wanted if item.attribute == plain]
    if any(item.kind is FilterKind.PRESENT for item in items):
        return values
    return [
        value
        for value in values
        if any(value_matches(item, matching.normalise(plain, value)) for item in items)
    ]


def _renumbered(part: bytes, number: int) -> bytes:
    """A stored answer under the number of the request that fetches its page."""
    ((_, envelope),) = ber.elements(part)
    _, (tag, content) = ber.elements(envelope)
    return ber.tlv(ber.SEQUENCE, ber.integer(number), ber.tlv(tag, content))
