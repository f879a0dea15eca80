"""A unit's insurance-medicine team: who is named for it, and what it needs. It gives no right."""
