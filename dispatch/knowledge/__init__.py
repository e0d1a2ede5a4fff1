"""The knowledge base: who writes, reviews, reads and takes off articles, and who is told."""
