"""The chain of audit entries: how rows are signed, checked, anchored outside the database, and exported.

The decision and what it protects against: docs/decisions/0005-audit-chain.md.
"""
