"""``python -m reconciler.cli`` is ``xlicense``."""

from . import main

main()
