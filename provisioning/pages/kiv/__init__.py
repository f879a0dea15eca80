"""The KIV administrator's pages."""
