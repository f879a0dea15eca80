"""The door to LDAP: one contract, kept by the mock and by OpenLDAP's slapd."""
