"""Adapters to remote systems; the only code that opens a connection."""
