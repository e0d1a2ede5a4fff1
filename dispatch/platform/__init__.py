"""Other systems as givers of orders and as doers of a unit's tasks, and comparing with them."""
