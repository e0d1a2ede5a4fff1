"""What live recognition carries, beside the official server's one recogniser per stream."""
