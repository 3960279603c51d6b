"""Cisco Smart Software Manager: cloud (two surfaces), On-Prem, and accounts that only a person serves."""

from .provider import CssmProvider

__all__ = ["CssmProvider"]
