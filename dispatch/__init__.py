"""Commands on work orders and tasks, clocks, follow-up, closure assessment and reports.

How a citizen reached us (phone, browser) is not known here.
"""
