"""Logging in with an e-service card through an OpenID Connect provider: code flow, PKCE, state and nonce.

What the provider proves is who the person is, and nothing else: mandates come from the directory.
Source: OpenID Connect Core 1.0; RFC 7636 (PKCE); RFC 9207 (issuer in the answer); domain §9.
"""
