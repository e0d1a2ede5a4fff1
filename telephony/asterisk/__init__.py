"""Our own Asterisk: its configuration, its sounds, and its life as a process.

Talking to it (ARI) and what happens on a call do not live here.
"""
