"""A thin typed client of Asterisk's REST interface (ARI), with ari-py's object names.

It knows Asterisk's words, and nothing of calls, agents or queues.
"""

from telephony.ari.client import ARIClient
from telephony.ari.errors import (
    ARIBadRequest,
    ARIConflict,
    ARIError,
    ARINotFound,
    ARIPreconditionFailed,
    ARIUnprocessable,
    ARIUnreachable,
)

__all__ = [
    "ARIBadRequest",
    "ARIClient",
    "ARIConflict",
    "ARIError",
    "ARINotFound",
    "ARIPreconditionFailed",
    "ARIUnprocessable",
    "ARIUnreachable",
]
