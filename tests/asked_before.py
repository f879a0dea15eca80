"""Searches that were asked before: their bytes are kept, for ldap3 takes longer to write a search than the
directory to answer it, and tests ask the same again and again.

What is sent is byte for byte what ldap3 writes, and every answer is read by ldap3 itself.
"""

from __future__ import annotations

import importlib
from functools import lru_cache
from typing import Any

from provisioning.demo.directory import ber
from provisioning.directory.ldap import library  # imports ldap3 quietly

MOST = 5_000

_connection: Any = importlib.import_module(f"{library.ldap3.__name__}.core.connection")
_strategy: Any = importlib.import_module(f"{library.ldap3.__name__}.strategy.base")
_rfc: Any = importlib.import_module(f"{library.ldap3.__name__}.protocol.rfc4511")
_search, _encode = _connection.search_operation, _strategy.encode
_note = _strategy.BaseStrategy.decode_request


def keep_searches() -> None:
    """From now on a search that was asked before is not written anew."""
    _connection.search_operation = search_operation
    _strategy.encode = encode
    _strategy.BaseStrategy.decode_request = staticmethod(decode_request)


def search_operation(
    base: str,
    text: str,
    scope: str,
    aliases: str,
    attributes: Any,
    *how: Any,
    validator: Any = None,
    check_names: bool = False,
) -> Any:
    """The search as ldap3 makes it. The last of `how` is the schema, which the tool does not let it read."""
    if validator is None and how[-1] is None and isinstance(attributes, list):
        return _kept((base, text, scope, aliases), tuple(attributes), how, check_names)
    return _search(base, text, scope, aliases, attributes, *how, validator=validator, check_names=check_names)


def encode(message: Any) -> bytes:
    """The message's bytes: those of a kept search under the number of this message."""
    search = message["protocolOp"].getComponent() if type(message) is _rfc.LDAPMessage else None
    written = getattr(search, "_written", None)
    if written is None:
        return bytes(_encode(message))
    parts = [_encode(message["messageID"]), written]
    if message["controls"].isValue and len(message["controls"]):
        parts.append(_encode(message["controls"]))
    return ber.tlv(ber.SEQUENCE, *parts)


def decode_request(kind: str, request: Any, controls: Any = None) -> dict[str, Any]:
    """What ldap3 notes of its own question."""
    noted = getattr(request, "_noted", None)
    if noted is None:
        return dict(_note(kind, request, controls))
    return {**noted, "attributes": list(noted["attributes"]), "controls": controls}


@lru_cache(MOST)
def _kept(
    question: tuple[str, ...], attributes: tuple[str, ...], how: tuple[Any, ...], check_names: bool
) -> Any:
    search = _search(*question, list(attributes), *how, check_names=check_names)
    search._written = bytes(_encode(_rfc.ProtocolOp().setComponentByName("searchRequest", search)))
    search._noted = _note("searchRequest", search)
    return search
