"""Telling units what happened to their orders, in the console and by message.

What is told to programs is in ``dispatch.webhooks``.
"""
