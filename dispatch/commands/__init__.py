"""What people ask for: one model per action, checked at the edge. One module per subject."""

from collections.abc import Iterator

from dispatch.commands.afterwards import (
    Archive,
    AskExclusion,
    AskReopening,
    ConfirmExclusion,
    DecideExclusion,
    DecideReopening,
)
from dispatch.commands.base import (
    STEERING,
    TITLE_LENGTH,
    Command,
    CommandResult,
    DecideRequest,
    OrderCommand,
    RequestCommand,
    WithFiles,
    invalid,
    parse,
)
from dispatch.commands.clocks import MoveDeadline, Recount
from dispatch.commands.closing import ApproveResult, InviteFollowUp, RecordFollowUp, SendBack
from dispatch.commands.hand_over import HandOverTask
from dispatch.commands.handling import (
    AddJoint,
    DismissJoint,
    FirstContact,
    LapseProgress,
    ReportProgress,
    SignFor,
    SubmitPart,
    SubmitResult,
)
from dispatch.commands.intake import Amend, Dispatch, OpenOrder, Reassign, SaveDraft
from dispatch.commands.levels import AcceptResult, Delegate, Recall
from dispatch.commands.merging import AnswerMerged, DecideMerge, Merge, SuggestMerge, Unmerge
from dispatch.commands.oversight import (
    AnswerSupervision,
    AnswerUrge,
    AskWithdrawal,
    Attach,
    DecideSupervision,
    DecideWithdrawal,
    LapseSupervision,
    LapseUrge,
    Note,
    ProposeSupervision,
    RaiseUrgency,
    SettleSupervision,
    Supervise,
    Unwatch,
    Urge,
    Watch,
    Withdraw,
)
from dispatch.commands.redoing import AskRedo, DecidePanel, DecideRedo
from dispatch.commands.refusals import (
    AskSupplement,
    DecideObjection,
    DecideRefusal,
    ObjectRefusal,
    Supplement,
)
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
from dispatch.commands.shelf import AskShelf, DecideShelf, ReviewShelf, TakeOffShelf
from dispatch.commands.transfer import AnswerTransfer, ReferTransfer, ReturnTransfer, TransferOut
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
    "AnswerMerged",
    "AnswerSupervision",
    "AnswerTransfer",
    "AnswerUrge",
    "ApproveResult",
    "Archive",
    "AskExclusion",
    "AskRedo",
    "AskReopening",
    "AskShelf",
    "AskSupplement",
    "AskWithdrawal",
    "Attach",
    "Command",
    "CommandResult",
    "ConfirmExclusion",
    "DecideExclusion",
    "DecideExtension",
    "DecideMerge",
    "DecideObjection",
    "DecidePanel",
    "DecideRedo",
    "DecideRefusal",
    "DecideReopening",
    "DecideRequest",
    "DecideReturn",
    "DecideShelf",
    "DecideSupervision",
    "DecideSuspension",
    "DecideWithdrawal",
    "Delegate",
    "DismissJoint",
    "Dispatch",
    "FirstContact",
    "HandOverTask",
    "InviteFollowUp",
    "LapseProgress",
    "LapseRequest",
    "LapseSupervision",
    "LapseUrge",
    "Merge",
    "MoveDeadline",
    "Note",
    "ObjectRefusal",
    "OpenDispute",
    "OpenOrder",
    "OrderCommand",
    "ProposeSupervision",
    "RaiseUrgency",
    "Reassign",
    "Recall",
    "RecordFollowUp",
    "Recount",
    "ReferTransfer",
    "ReportProgress",
    "RequestCommand",
    "RequestExtension",
    "RequestReturn",
    "RequestSuspension",
    "Resume",
    "ReturnTransfer",
    "ReviewShelf",
    "SaveDraft",
    "SendBack",
    "SettleDispute",
    "SettleSupervision",
    "SignFor",
    "SubmitPart",
    "SubmitResult",
    "SuggestMerge",
    "Supervise",
    "Supplement",
    "TakeOffShelf",
    "TransferOut",
    "Unmerge",
    "Unwatch",
    "Urge",
    "Watch",
    "WithFiles",
    "Withdraw",
    "WithdrawRequest",
    "invalid",
    "parse",
]
