"""The demonstration: callers, agents, units and desks that use the running system from outside.

Sound goes through SIP, everything else through the public API, each under its own account.
"""
