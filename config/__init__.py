"""Typed settings and the rule files that a city edits (YAML beside this file)."""
