"""The mock HSA directory: a small real LDAPv3 server over an LDIF file. Demo and tests only."""
