"""Who owns what and who stands in for whom: catalogue, duty officers, posts, deputies, leaving."""
