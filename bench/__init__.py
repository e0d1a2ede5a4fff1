"""What this machine can do with the product: run by ``make bench``, never installed.

Every part measures the running product from outside, as its users meet it, and the simplest
alternative beside it in the same run.
"""
