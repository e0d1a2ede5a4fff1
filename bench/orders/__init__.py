"""Orders in great numbers: how fast they change, and how fast they are found among a million."""
