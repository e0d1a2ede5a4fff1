"""The web: API, live events, sign-in and permissions, and the browser app that they serve.

Rules of handling live in dispatch, rules of calls in telephony; this only carries them.
"""
