"""The manager's report: what came in, how units answered, how sure the numbers are.

``facts`` reads rows, ``figures`` counts (pure), ``report`` puts the sheet together. Every number is
a list of orders first and a count second, so that each can be opened.
"""
