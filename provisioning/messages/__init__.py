"""Mails: who gets which text, and delivery."""
