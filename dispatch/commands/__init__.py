"""What people ask for: one model per action, checked at the edge. One module per subject."""

from collections.abc import Iterator

from dispatch.commands.base import (
    STEERING,
    TITLE_LENGTH,
    Command,
    CommandResult,
    DecideRequest,
    OrderCommand,
    RequestCommand,
    invalid,
    parse,
)
from dispatch.commands.closing import ApproveResult, RecordFollowUp, SendBack
from dispatch.commands.handling import (
    AddJoint,
    DismissJoint,
    FirstContact,
    SignFor,
    SubmitPart,
    SubmitResult,
)
from dispatch.commands.intake import Amend, Dispatch, OpenOrder, Reassign, SaveDraft
from dispatch.commands.levels import AcceptResult, Delegate, Recall
from dispatch.commands.oversight import Note, Urge, Withdraw
from dispatch.commands.requests import (
    DecideExtension,
    DecideReturn,
    DecideSuspension,
    LapseRequest,
    OpenDispute,
    RequestExtension,
    RequestReturn,
    RequestSuspension,
    Resume,
    SettleDispute,
    WithdrawRequest,
)
from models.vocabulary import Action


def _all(base: type[OrderCommand]) -> Iterator[type[OrderCommand]]:
    for command in base.__subclasses__():
        if "action" in vars(command):
            yield command
        yield from _all(command)


#: The command of each action on an existing order. Modules of commands are imported above.
COMMANDS: dict[Action, type[OrderCommand]] = {cls.action: cls for cls in _all(OrderCommand)}

__all__ = [
    "COMMANDS",
    "STEERING",
    "TITLE_LENGTH",
    "AcceptResult",
    "AddJoint",
    "Amend",
    "ApproveResult",
    "Command",
    "CommandResult",
    "DecideExtension",
    "DecideRequest",
    "DecideReturn",
    "DecideSuspension",
    "Delegate",
    "DismissJoint",
    "Dispatch",
    "FirstContact",
    "LapseRequest",
    "Note",
    "OpenDispute",
    "OpenOrder",
    "OrderCommand",
    "Reassign",
    "Recall",
    "RecordFollowUp",
    "RequestCommand",
    "RequestExtension",
    "RequestReturn",
    "RequestSuspension",
    "Resume",
    "SaveDraft",
    "SendBack",
    "SettleDispute",
    "SignFor",
    "SubmitPart",
    "SubmitResult",
    "Urge",
    "Withdraw",
    "WithdrawRequest",
    "invalid",
    "parse",
]
