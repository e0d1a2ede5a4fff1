"""Hot events: orders of one matter found together, watched, and shown."""
