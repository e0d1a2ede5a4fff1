"""The records everyone speaks of, their tables and store, the transition table, events and ports.

Nothing of ours is imported here.
"""
