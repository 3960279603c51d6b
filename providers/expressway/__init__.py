"""Cisco Expressway over SSH: `wire`, `licence` and `xstatus` speak and read its language, `transport` owns
the connections, `provider` is the door.
"""

from .provider import ExpresswayProvider
from .transport import HostKey, check_host_key

__all__ = ["ExpresswayProvider", "HostKey", "check_host_key"]
