"""Which tables a plan reads from end to end."""

from __future__ import annotations

from tests import walking

WHOLE = """Sort  (cost=1.0..2.0 rows=9 width=4)
  Sort Key: id
  ->  Seq Scan on provisioning_finding  (cost=0.00..1149.12 rows=1 width=46)"""
FILTERED = """Limit  (cost=0.00..1.14 rows=1 width=4)
  ->  Seq Scan on provisioning_finding  (cost=0.00..1326.53 rows=1163 width=4)
        Filter: ((owner)::text <> 'operators'::text)"""
FIRST = """Limit  (cost=0.00..0.05 rows=1 width=4)
  ->  Seq Scan on provisioning_finding  (cost=0.00..1049.30 rows=20030 width=4)"""
INDEX = """Limit  (cost=0.29..0.31 rows=1 width=4)
  ->  Index Only Scan using finding_unit on provisioning_finding  (cost=0.29..3.30 rows=30 width=4)"""


def test_what_is_read_whole_is_found_and_a_first_row_is_not():
    read = [walking._read_to_the_end(plan) for plan in (WHOLE, FILTERED, FIRST, INDEX)]
    assert read == [{"provisioning_finding"}, {"provisioning_finding"}, set(), set()]
