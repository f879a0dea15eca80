"""Mandates: held by the directory's word, delegated for a time, kept apart by four eyes."""
