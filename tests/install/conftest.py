"""The installer's modules lie beside each other in ``scripts`` and are no package."""

from __future__ import annotations

import sys

from config.settings import PROJECT_ROOT

sys.path.insert(0, str(PROJECT_ROOT / "scripts"))
