"""From sound to understanding: speech recognition workers, text classification and extraction.

It advises; it decides nothing and knows neither calls' control nor orders' states.
"""
