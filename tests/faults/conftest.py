"""The lab says on stderr which of its clients broke off; here nearly every one of them does."""

from __future__ import annotations

import logging

logging.getLogger("aiohttp.server").setLevel(logging.CRITICAL)
logging.getLogger("asyncio").setLevel(logging.CRITICAL)
