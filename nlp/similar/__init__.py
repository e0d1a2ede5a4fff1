"""Texts of the same matter: a compact index of character runs, and the search in it.

Knows texts and their numbers only; what an order is, who called from where, is ``dispatch``'s.
"""
