"""The front door: the command line and the one place that wires all parts together.

Everything may be imported from here; nothing imports this package.
"""
