"""The lab says on stderr which of its clients broke off; here every one of them does."""

from __future__ import annotations

import logging

from .programme import SHARE

_LONG = ("test_bad_disk_anywhere.py", "test_from_outside.py", "test_leaks_of_killed.py")
collect_ignore = [] if SHARE else list(_LONG)
"""What only the long programme does."""

logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
