"""See ``hotline.simulation.rtp``."""

from hotline.simulation.rtp import Voice

__all__ = ["Voice"]
