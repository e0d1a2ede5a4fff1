"""Telling programs what happened to orders: Standard Webhooks, signed and tried for days."""
