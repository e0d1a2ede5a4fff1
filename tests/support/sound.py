"""See ``hotline.simulation.sound``."""

from hotline.simulation.sound import ULAW_BYTES_PER_SECOND, spoken_ulaw, spoken_wav

__all__ = ["ULAW_BYTES_PER_SECOND", "spoken_ulaw", "spoken_wav"]
