"""Orders in great numbers."""
