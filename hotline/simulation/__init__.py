"""Phones made of software that really call: for the demonstration, benchmarks and tests."""
