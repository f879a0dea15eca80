"""Pure rules: what a directory reading means. No Django, no ldap3, no clock, no I/O."""
