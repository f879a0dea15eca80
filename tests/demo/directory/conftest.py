"""Real servers and connections to them, as in the tests of the door to LDAP."""

from tests.directory.conftest import certificates, connect, own_server

__all__ = ["certificates", "connect", "own_server"]
