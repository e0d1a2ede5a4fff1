"""Calls: ARI client, call sessions, queue and agent presence, media, recording, Asterisk itself.

What a call is *about* does not live here; it meets nlp and dispatch in events only.
"""
