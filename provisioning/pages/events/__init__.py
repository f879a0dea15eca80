"""The event log for auditors."""
