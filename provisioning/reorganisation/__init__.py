"""A unit that is renumbered, merged or closed: its rights follow as one decision."""
