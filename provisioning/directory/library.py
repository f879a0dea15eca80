"""ldap3, imported in one place and quietly.

ldap3 2.9 uses names that pyasn1 0.6 calls deprecated; the warnings are not ours to mend, and must
not become errors where warnings are errors.
"""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core import exceptions, results

__all__ = ["exceptions", "ldap3", "results"]
