"""The licences of everything that is installed with the product, from the packages' own metadata.

``python tests/security/licences.py`` ends with 1 where one does not fit an Apache-2.0 program that others
build on, or where a package does not say.
"""

from __future__ import annotations

import re
import sys
from importlib.metadata import Distribution, distributions

# Copyleft of a library or file asks nothing of a program that imports it unchanged.
FITS = re.compile(
    r"MIT|BSD|Apache|ISC|PSF|Python Software|MPL|Mozilla|LGPL|Lesser|Unlicense|CC0|Zlib|EPL|0BSD",
    re.IGNORECASE,
)


READ_BY_HAND = {"pyrage": "MIT"}
"""Says nothing in its metadata; its repository and its LICENSE file do."""


def licence_of(one: Distribution) -> str:
    found = one.metadata
    classified = [
        text.split("::")[-1].strip() for text in found.get_all("Classifier") or () if "License ::" in text
    ]
    stated = f"{found.get('License-Expression') or ''} {'; '.join(classified)} {found.get('License') or ''}"
    return " ".join(stated.split())[:80]


def main() -> int:
    known = {one.metadata["Name"]: licence_of(one) for one in distributions()} | READ_BY_HAND
    wrong = {name: said for name, said in known.items() if not FITS.search(said)}
    for name, said in sorted(wrong.items()):
        sys.stderr.write(f"{name}: {said or 'does not say its licence'}\n")
    sys.stdout.write(f"{len(known)} packages, {len(wrong)} with a licence that does not fit\n")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main())
