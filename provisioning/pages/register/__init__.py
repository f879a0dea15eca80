"""The registers: cases, rights, removals, findings and events, filtered, sorted, saved as views, as files."""
