"""Reading persons, units and commissions over a connection."""
