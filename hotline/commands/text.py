"""``understand``, ``train``, ``evaluate``: the text side, without telephone or server."""

from __future__ import annotations
