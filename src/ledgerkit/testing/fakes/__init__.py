"""Fakes: small ports that keep the contracts of the real ones and can be set and looked into."""

from __future__ import annotations
