"""The services: each with its own login rule, and what an access to it needs."""
