"""The lab says on stderr which of its clients broke off; here every one of them does."""

from __future__ import annotations

import logging

logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
