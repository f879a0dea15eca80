"""The connection: the only place that speaks LDAP."""
