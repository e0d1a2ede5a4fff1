"""What the call floor owes and watches, as far as it needs no telephone."""
