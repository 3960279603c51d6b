"""The floor of a no-op plan: the YAML as in load.py, and the observation as plain JSON."""

from __future__ import annotations

import json
import runpy
import sys
from pathlib import Path

runpy.run_path(str(Path(__file__).with_name("load.py")))
json.loads(Path(sys.argv[1], "now.json").read_bytes())
