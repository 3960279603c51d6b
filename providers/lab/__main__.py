"""``python -m providers.lab``: the lab in the foreground. ``xlicense lab up`` starts it in the background."""

from .process import main

raise SystemExit(main())
