"""See ``hotline.simulation.ports``."""

from hotline.simulation.ports import free_ports, free_udp_range

__all__ = ["free_ports", "free_udp_range"]
