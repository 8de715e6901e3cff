"""Identity providers that speak OpenID Connect: https://openid.net/specs/openid-connect-core-1_0.html

Every provider is the same protocol, so there is one package for all, and no vendor's name in it.
"""
