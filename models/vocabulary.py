"""The closed sets of words of the house: code, and the Chinese label a person sees.

Labels stand here and nowhere else; the browser app receives them from ``/api/vocabulary``.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self


class Labelled(StrEnum):
    """A code with a Chinese label: ``NAME = "CODE", "标签"``."""

    label: str

    def __new__(cls, code: str, label: str = "") -> Self:
        """Make the member; the label rides along."""
        member = str.__new__(cls, code)
        member._value_ = code
        member.label = label or code
        return member


class RequestType(Labelled):
    """What the citizen wants of the government (domain: 诉求类型)."""

    CONSULTATION = "CONSULTATION", "咨询"
    COMPLAINT = "COMPLAINT", "投诉"
    HELP = "HELP", "求助"
    SUGGESTION = "SUGGESTION", "建议"
    REPORT = "REPORT", "举报"
    PRAISE = "PRAISE", "表扬"
    OTHER = "OTHER", "其他"


class Urgency(Labelled):
    """How fast a demand must be met. Order of members is rising."""

    NORMAL = "NORMAL", "一般"
    URGENT = "URGENT", "紧急"
    CRITICAL = "CRITICAL", "特急"

    @property
    def rank(self) -> int:
        """0 for NORMAL, rising."""
        return list(type(self)).index(self)


class Difficulty(Labelled):
    """How hard a demand is to handle."""

    ORDINARY = "ORDINARY", "一般"
    COMPLEX = "COMPLEX", "复杂"
    HARD = "HARD", "疑难"

    @property
    def rank(self) -> int:
        """0 for ORDINARY, rising."""
        return list(type(self)).index(self)


class Channel(Labelled):
    """The way a contact came in."""

    PHONE = "PHONE", "电话"
    VOICEMAIL = "VOICEMAIL", "语音留言"
    WEB = "WEB", "网站"
    IMPORT = "IMPORT", "外部转入"


class ContactOutcome(Labelled):
    """How a contact ended."""

    IN_PROGRESS = "IN_PROGRESS", "进行中"
    SERVED = "SERVED", "已接听"
    ABANDONED_GREETING = "ABANDONED_GREETING", "播报中挂断"
    ABANDONED_QUEUE = "ABANDONED_QUEUE", "排队中挂断"
    ABANDONED_RINGING = "ABANDONED_RINGING", "振铃中挂断"
    VOICEMAIL_LEFT = "VOICEMAIL_LEFT", "已留言"
    CALLBACK_BOOKED = "CALLBACK_BOOKED", "已预约回拨"
    SELF_SERVED = "SELF_SERVED", "自助办理"
    BLOCKED = "BLOCKED", "名单拦截"
    NOT_REACHED = "NOT_REACHED", "未接通"
    FAILED = "FAILED", "系统故障中断"


class CallDirection(Labelled):
    """Who called whom."""

    INBOUND = "INBOUND", "来电"
    OUTBOUND = "OUTBOUND", "外呼"


class CallState(Labelled):
    """Where a call is now."""

    GREETING = "GREETING", "播报"
    QUEUED = "QUEUED", "排队"
    RINGING = "RINGING", "振铃"
    TALKING = "TALKING", "通话"
    HELD = "HELD", "保持"
    CONSULTING = "CONSULTING", "咨询"
    CONFERENCE = "CONFERENCE", "三方通话"
    SELF_SERVICE = "SELF_SERVICE", "自助查询"
    MESSAGE = "MESSAGE", "留言"
    SURVEY = "SURVEY", "评价"
    DIALLING = "DIALLING", "呼叫中"
    ENDED = "ENDED", "已结束"


class Leg(Labelled):
    """Whose voice."""

    CALLER = "CALLER", "市民"
    AGENT = "AGENT", "坐席"
    THIRD = "THIRD", "第三方"


class SpeechMode(Labelled):
    """How far what a leg says is recognised while it is said."""

    LIVE = "LIVE", "实时转写"
    SENTENCES = "SENTENCES", "只显示整句"
    RECORDING = "RECORDING", "通话后按录音补转"


class AgentState(Labelled):
    """What an agent is doing; the server owns it."""

    OFFLINE = "OFFLINE", "签出"
    READY = "READY", "示闲"
    BUSY = "BUSY", "示忙"
    RINGING = "RINGING", "振铃"
    TALKING = "TALKING", "通话"
    HOLD = "HOLD", "保持"
    CONSULT = "CONSULT", "咨询"
    CONFERENCE = "CONFERENCE", "三方通话"
    WRAP_UP = "WRAP_UP", "整理"
    REST = "REST", "小休"
    MEAL = "MEAL", "就餐"
    TRAINING = "TRAINING", "培训"
    MEETING = "MEETING", "会议"
    OUTBOUND = "OUTBOUND", "外呼"


#: In these an agent has the citizen on the line, and so has answered the call: for the figures, the
#: floor's page and distribution alike. A colleague who is only asked has CONSULT.
WITH_CITIZEN = (AgentState.TALKING, AgentState.HOLD, AgentState.CONFERENCE)


class Role(Labelled):
    """A post that a member of staff may hold."""

    AGENT = "AGENT", "话务员"
    SHIFT_LEADER = "SHIFT_LEADER", "班长"
    DISPATCHER = "DISPATCHER", "派单员"
    UNIT_CLERK = "UNIT_CLERK", "承办单位经办人"
    UNIT_HEAD = "UNIT_HEAD", "承办单位负责人"
    AUDITOR = "AUDITOR", "办结审核员"
    FOLLOW_UP = "FOLLOW_UP", "回访员"
    MANAGER = "MANAGER", "热线办负责人"
    ADMIN = "ADMIN", "系统管理员"
    #: Another system that speaks with ours; no person holds it.
    PARTNER = "PARTNER", "外部系统"
    SYSTEM = "SYSTEM", "系统"


class OrderState(Labelled):
    """State of a work order (domain.md 4.2)."""

    DRAFT = "DRAFT", "暂存"
    TO_SUPPLEMENT = "TO_SUPPLEMENT", "待补充"
    TO_DISPATCH = "TO_DISPATCH", "待派单"
    DISPATCHED = "DISPATCHED", "办理中"
    TO_AUDIT = "TO_AUDIT", "待办结审核"
    TO_FOLLOW_UP = "TO_FOLLOW_UP", "待回访"
    REDO = "REDO", "重办"
    SHELVED = "SHELVED", "疑难挂账"
    TRANSFERRED_OUT = "TRANSFERRED_OUT", "已转出"
    MERGED = "MERGED", "已并单"
    CLOSED = "CLOSED", "已办结"
    ARCHIVED = "ARCHIVED", "已归档"
    WITHDRAWN = "WITHDRAWN", "已撤单"
    REFUSED = "REFUSED", "不予受理"


class TaskState(Labelled):
    """State of one unit's task (domain.md 4.3)."""

    TO_SIGN = "TO_SIGN", "待签收"
    SIGNED = "SIGNED", "办理中"
    RETURN_REQUESTED = "RETURN_REQUESTED", "退单待审"
    DELEGATED = "DELEGATED", "已下派"
    SUBMITTED = "SUBMITTED", "已反馈"
    SENT_BACK = "SENT_BACK", "审核退回"
    DONE = "DONE", "已完成"
    CANCELLED = "CANCELLED", "已撤回"


class TaskRole(Labelled):
    """A unit's part in an order."""

    LEAD = "LEAD", "主办"
    JOINT = "JOINT", "协办"


class Action(Labelled):
    """What can be done with an order: the rows of models/workflow/."""

    OPEN = "open", "受理"
    AMEND = "amend", "更正"
    DISPATCH = "dispatch", "派单"
    REASSIGN = "reassign", "改派"
    ADD_JOINT = "add_joint", "增加协办"
    DISMISS_JOINT = "dismiss_joint", "撤销协办"
    SIGN_FOR = "sign_for", "签收"
    FIRST_CONTACT = "first_contact", "先行联系"
    DELEGATE = "delegate", "下派"
    RECALL = "recall", "收回下派"
    REPORT_PROGRESS = "report_progress", "反馈进展"
    LAPSE_PROGRESS = "lapse_progress", "逾期未反馈进展"
    SUBMIT_RESULT = "submit_result", "提交办理结果"
    SUBMIT_PART = "submit_part", "提交协办意见"
    ACCEPT_RESULT = "accept_result", "认可下级办理结果"
    APPROVE_RESULT = "approve_result", "审核通过"
    SEND_BACK = "send_back", "审核退回"
    REQUEST_RETURN = "request_return", "申请退单"
    DECIDE_RETURN = "decide_return", "审定退单"
    OPEN_DISPUTE = "open_dispute", "提出争议"
    SETTLE_DISPUTE = "settle_dispute", "裁定争议"
    REQUEST_EXTENSION = "request_extension", "申请延期"
    DECIDE_EXTENSION = "decide_extension", "审定延期"
    REQUEST_SUSPENSION = "request_suspension", "申请挂起"
    DECIDE_SUSPENSION = "decide_suspension", "审定挂起"
    RESUME = "resume", "解除挂起"
    WITHDRAW_REQUEST = "withdraw_request", "撤回申请"
    LAPSE_REQUEST = "lapse_request", "申请逾期未审定"
    RECOUNT = "recount", "重算时限"
    MOVE_DEADLINE = "move_deadline", "调整上级时限"
    RECORD_FOLLOW_UP = "record_follow_up", "记录回访"
    ASK_REDO = "ask_redo", "提请重办"
    DECIDE_REDO = "decide_redo", "审批重办"
    DECIDE_PANEL = "decide_panel", "会商认定"
    URGE = "urge", "催办"
    ANSWER_URGE = "answer_urge", "答复催办"
    LAPSE_URGE = "lapse_urge", "催办逾期未答复"
    SUPERVISE = "supervise", "督办"
    PROPOSE_SUPERVISION = "propose_supervision", "提请领导督办"
    DECIDE_SUPERVISION = "decide_supervision", "审定领导督办"
    ANSWER_SUPERVISION = "answer_supervision", "答复督办"
    LAPSE_SUPERVISION = "lapse_supervision", "督办逾期未答复"
    SETTLE_SUPERVISION = "settle_supervision", "审核督办答复"
    RAISE_URGENCY = "raise_urgency", "调高紧急程度"
    SUGGEST_MERGE = "suggest_merge", "建议并单"
    MERGE = "merge", "并单"
    DECIDE_MERGE = "decide_merge", "确认并单"
    UNMERGE = "unmerge", "解除并单"
    ANSWER_MERGED = "answer_merged", "答复并入工单"
    ASK_SUPPLEMENT = "ask_supplement", "要求补充信息"
    SUPPLEMENT = "supplement", "补充信息"
    DECIDE_REFUSAL = "decide_refusal", "复核不予受理"
    OBJECT_REFUSAL = "object_refusal", "提出受理异议"
    DECIDE_OBJECTION = "decide_objection", "审定受理异议"
    ASK_SHELF = "ask_shelf", "申请疑难挂账"
    DECIDE_SHELF = "decide_shelf", "审定疑难挂账"
    REVIEW_SHELF = "review_shelf", "复核挂账"
    TAKE_OFF_SHELF = "take_off_shelf", "解除挂账"
    ARCHIVE = "archive", "归档"
    ASK_REOPENING = "ask_reopening", "申请恢复办理"
    DECIDE_REOPENING = "decide_reopening", "审定恢复办理"
    ASK_EXCLUSION = "ask_exclusion", "申请不计入统计"
    DECIDE_EXCLUSION = "decide_exclusion", "审定不计入统计"
    CONFIRM_EXCLUSION = "confirm_exclusion", "复核不计入统计"
    HAND_OVER = "hand_over", "变更经办人"
    NOTE = "note", "备注"
    ASK_WITHDRAWAL = "ask_withdrawal", "申请撤单"
    DECIDE_WITHDRAWAL = "decide_withdrawal", "审定撤单"
    WITHDRAW = "withdraw", "撤单"
    TRANSFER_OUT = "transfer_out", "转出"
    REFER_TRANSFER = "refer_transfer", "登记对方编号"
    ANSWER_TRANSFER = "answer_transfer", "登记转出答复"
    RETURN_TRANSFER = "return_transfer", "收回转出"
    ATTACH = "attach", "补充材料"
    INVITE_FOLLOW_UP = "invite_follow_up", "短信回访"
    WATCH = "watch", "特别关注"
    UNWATCH = "unwatch", "取消特别关注"


class RequestKind(Labelled):
    """What is asked for and decided by somebody else (table ``requests``)."""

    RETURN = "RETURN", "退单"
    DISPUTE = "DISPUTE", "承办争议"
    EXTENSION = "EXTENSION", "延期"
    SUSPENSION = "SUSPENSION", "挂起"
    REDO = "REDO", "重办"
    PANEL = "PANEL", "疑难会商"
    SUPERVISION = "SUPERVISION", "一级督办"
    REFUSAL = "REFUSAL", "不予受理"
    OBJECTION = "OBJECTION", "受理异议"
    MERGE = "MERGE", "并单"
    SHELF = "SHELF", "疑难挂账"
    REOPENING = "REOPENING", "恢复办理"
    EXCLUSION = "EXCLUSION", "不计入统计"
    WITHDRAWAL = "WITHDRAWAL", "撤单"
    #: Given out to another system or region: what comes back is its answer, or the order itself.
    TRANSFER = "TRANSFER", "转出"


class RequestState(Labelled):
    """How far a request has come."""

    OPEN = "OPEN", "待审定"
    #: The first of two decisions was a yes.
    AGREED = "AGREED", "待复核"
    GRANTED = "GRANTED", "同意"
    REFUSED = "REFUSED", "不同意"
    #: Nobody decided in time; what that means is in its kind.
    LAPSED = "LAPSED", "逾期未审定"
    WITHDRAWN = "WITHDRAWN", "已撤回"


#: States of a request that still waits for somebody.
OPEN_REQUEST = (RequestState.OPEN, RequestState.AGREED)


class ReturnReason(Labelled):
    """Why a unit gives a task back."""

    NOT_OUR_DUTY = "NOT_OUR_DUTY", "非本单位职责"
    WRONG_AREA = "WRONG_AREA", "属地不符"
    UNCLEAR_OWNER = "UNCLEAR_OWNER", "权属不清"
    OVERLAPPING = "OVERLAPPING", "职能交叉"
    INCOMPLETE = "INCOMPLETE", "信息不全，无法办理"
    REPEATED = "REPEATED", "重复工单"
    IN_LEGAL_PROCEDURE = "IN_LEGAL_PROCEDURE", "已进入法定程序"
    NOT_ACCEPTABLE = "NOT_ACCEPTABLE", "不属受理范围"
    WRONG_CATEGORY = "WRONG_CATEGORY", "诉求分类有误"
    OTHER = "OTHER", "其他"


class ExtensionReason(Labelled):
    """Why a unit asks for more time."""

    SEVERAL_UNITS = "SEVERAL_UNITS", "需多部门会商"
    SURVEY = "SURVEY", "需现场勘验检测"
    LEGAL_PROCEDURE = "LEGAL_PROCEDURE", "需法定程序"
    CITIZEN = "CITIZEN", "诉求人原因"
    WORKS = "WORKS", "施工、采购周期"
    WEATHER = "WEATHER", "恶劣天气"
    OTHER = "OTHER", "其他"


class SuspensionReason(Labelled):
    """What an order may wait for. There is no other reason."""

    CITIZEN_EVIDENCE = "CITIZEN_EVIDENCE", "等待诉求人补充材料"
    LEGAL_PROCEDURE = "LEGAL_PROCEDURE", "等待法定程序"
    COURT = "COURT", "等待司法裁判"
    DISASTER = "DISASTER", "自然灾害等不可抗力"
    SEASON = "SEASON", "天气、季节原因"


class OversightKind(Labelled):
    """What a unit must answer (table ``oversights``)."""

    URGE = "URGE", "催办"
    SUPERVISION = "SUPERVISION", "督办"


class OversightState(Labelled):
    """How far an urge or a supervision has come."""

    OPEN = "OPEN", "待答复"
    ANSWERED = "ANSWERED", "待审核"
    ACCEPTED = "ACCEPTED", "已销号"
    RAISED = "RAISED", "已提级"
    #: The task it was about is over.
    ENDED = "ENDED", "随任务终结"
    #: It was issued for a lateness that an extension has taken away, or of a unit that has rightly
    #: given the order back.
    LIFTED = "LIFTED", "已撤销"


class SupervisionLevel(Labelled):
    """How hard: three is the mildest."""

    THREE = "3", "三级督办"
    TWO = "2", "二级督办"
    ONE = "1", "一级督办"

    @property
    def rank(self) -> int:
        """3, 2, 1."""
        return int(self.value)


class SupervisionReason(Labelled):
    """Why a unit is supervised."""

    OVERDUE = "OVERDUE", "超期未办结"
    REDO = "REDO", "重办"
    URGES_UNANSWERED = "URGES_UNANSWERED", "催办不答复"
    UNANSWERED = "UNANSWERED", "督办不答复"
    UNWILLING = "UNWILLING", "推诿拒办"
    UNTRUE = "UNTRUE", "办理结果不实"
    MAJOR = "MAJOR", "重大事项"
    PANEL = "PANEL", "会商责令"
    OTHER = "OTHER", "其他"


class CardColour(Labelled):
    """What a unit is shown; of rising weight."""

    YELLOW = "YELLOW", "黄牌"
    RED = "RED", "红牌"

    @property
    def rank(self) -> int:
        """0 for yellow."""
        return list(type(self)).index(self)


class RedoReason(Labelled):
    """Why a result is not left as it is."""

    UNSOLVED = "UNSOLVED", "未解决且不满意"
    UNTRUE = "UNTRUE", "办理结果不实"


class PanelFinding(Labelled):
    """What a panel finds of an order that was done again often enough."""

    REASONABLE_EFFORT = "REASONABLE_EFFORT", "已尽合理努力"
    UNREASONABLE = "UNREASONABLE", "诉求不合理"
    SHELVE = "SHELVE", "列入疑难挂账"
    REDO_AGAIN = "REDO_AGAIN", "责令重新办理"


class ReopeningReason(Labelled):
    """Why a closed order is opened again."""

    NEW_EVIDENCE = "NEW_EVIDENCE", "有新的事实或证据"
    APPEAL = "APPEAL", "诉求人申诉"
    UNTRUE = "UNTRUE", "办理结果不实"
    OTHER = "OTHER", "其他"


class ExclusionReason(Labelled):
    """Why an order does not count in a unit's statistics."""

    NOT_OURS = "NOT_OURS", "非承办单位原因"
    BEYOND_POWERS = "BEYOND_POWERS", "超出法定职权"
    UNREASONABLE = "UNREASONABLE", "诉求不合理、不合法"
    MALICIOUS = "MALICIOUS", "恶意或重复诉求"
    FORCE_MAJEURE = "FORCE_MAJEURE", "不可抗力"
    OTHER = "OTHER", "其他"


class CloseReason(Labelled):
    """What an order was closed on; there is no closing without one."""

    ANSWERED = "ANSWERED", "直接答复"
    FOLLOWED_UP = "FOLLOWED_UP", "已回访"
    UNREACHABLE = "UNREACHABLE", "多次回访未接通"
    NO_REPLY_WANTED = "NO_REPLY_WANTED", "诉求人不需要回访"
    PANEL = "PANEL", "会商认定"
    NOT_SAMPLED = "NOT_SAMPLED", "未列入抽样回访"
    CONFIDENTIAL = "CONFIDENTIAL", "保密件不回访"
    TRANSFERRED = "TRANSFERRED", "转出单位已答复"


class FollowUpWay(Labelled):
    """How the citizen was asked."""

    PHONE = "PHONE", "电话"
    WEB = "WEB", "短信链接"


class SendBackReason(Labelled):
    """What of a result does not stand up to the auditor's list."""

    NOT_ANSWERED = "NOT_ANSWERED", "未回应诉求"
    NO_CONTACT = "NO_CONTACT", "未联系诉求人"
    NO_EVIDENCE = "NO_EVIDENCE", "缺少佐证材料"
    TEMPLATE = "TEMPLATE", "套话答复"
    WRONG_FACTS = "WRONG_FACTS", "事实不清或不符"
    OTHER = "OTHER", "其他"


class AttachmentKind(Labelled):
    """What a file shows."""

    HANDLING = "HANDLING", "办理佐证"
    CONTACT = "CONTACT", "联系佐证"
    IDENTITY = "IDENTITY", "身份材料"
    CONSENT = "CONSENT", "诉求人同意"
    OTHER = "OTHER", "其他"


class LimitUnit(Labelled):
    """What a time limit is counted in."""

    NM = "NM", "分钟"
    NH = "NH", "小时"
    WH = "WH", "个工作小时"
    ND = "ND", "个自然日"
    WD = "WD", "个工作日"


class FactFinding(Labelled):
    """What the unit found of the facts."""

    TRUE = "TRUE", "属实"
    PARTLY_TRUE = "PARTLY_TRUE", "部分属实"
    UNTRUE = "UNTRUE", "不属实"
    UNVERIFIABLE = "UNVERIFIABLE", "无法核实"


class DemandFinding(Labelled):
    """What the unit found of the demand."""

    REASONABLE = "REASONABLE", "合理合法"
    PARTLY = "PARTLY", "部分合理"
    UNREASONABLE = "UNREASONABLE", "不合理"
    UNLAWFUL = "UNLAWFUL", "不合法"


class Outcome(Labelled):
    """What the unit did."""

    SOLVED = "SOLVED", "实际解决"
    PARTLY_SOLVED = "PARTLY_SOLVED", "部分解决"
    EXPLAINED = "EXPLAINED", "解释说明"
    PLANNED = "PLANNED", "列入计划"
    UNSOLVABLE = "UNSOLVABLE", "无法解决"
    NOT_OURS = "NOT_OURS", "非本单位职责"


class SolvedByCaller(Labelled):
    """What the citizen says of the result."""

    SOLVED = "SOLVED", "已解决"
    PARTLY = "PARTLY", "部分解决"
    EXPLAINED = "EXPLAINED", "未解决但认可解释"
    PLANNED = "PLANNED", "认可限期解决计划"
    UNSOLVED = "UNSOLVED", "未解决"


class Satisfaction(Labelled):
    """The citizen's grade (政务服务好差评, plus 一般)."""

    VERY_SATISFIED = "VERY_SATISFIED", "非常满意"
    SATISFIED = "SATISFIED", "满意"
    FAIRLY = "FAIRLY", "基本满意"
    NEUTRAL = "NEUTRAL", "一般"
    DISSATISFIED = "DISSATISFIED", "不满意"
    VERY_DISSATISFIED = "VERY_DISSATISFIED", "非常不满意"


class Light(Labelled):
    """How near the limit is."""

    GREEN = "GREEN", "正常"
    YELLOW = "YELLOW", "临期"
    ORANGE = "ORANGE", "即将超期"
    RED = "RED", "超期"
    NONE = "NONE", "无时限"


class QueueStrategy(Labelled):
    """Who of the free agents gets the next call of a queue."""

    LONGEST_IDLE = "LONGEST_IDLE", "空闲最久"
    LEAST_CALLS = "LEAST_CALLS", "接听最少"
    BEST_SKILL = "BEST_SKILL", "技能优先"


class PriorityReason(Labelled):
    """Why a caller goes before others."""

    EMERGENCY_WORDS = "EMERGENCY_WORDS", "紧急用语"
    ELDERLY = "ELDERLY", "老年人"
    ENTERPRISE = "ENTERPRISE", "企业专席"
    REPEAT_CALLER = "REPEAT_CALLER", "重复来电"
    CALLBACK = "CALLBACK", "预约回拨"
    INTERRUPTED = "INTERRUPTED", "通话中断"
    #: Behind others: on the nuisance list, and let through.
    NUISANCE = "NUISANCE", "名单号码（靠后）"


class PartyKind(Labelled):
    """Who takes part in a call besides the citizen."""

    AGENT = "AGENT", "坐席"
    EXPERT = "EXPERT", "部门专家"
    EMERGENCY = "EMERGENCY", "紧急联动"
    SUPERVISOR = "SUPERVISOR", "班长"
    OUTSIDE = "OUTSIDE", "外线"


class CallEventKind(Labelled):
    """A line of a call's own history (table ``call_events``)."""

    OFFERED = "OFFERED", "来电"
    SCREENED = "SCREENED", "骚扰名单核对"
    QUEUED = "QUEUED", "进入排队"
    QUEUE_CHANGED = "QUEUE_CHANGED", "转入其他队列"
    PRIORITY_RAISED = "PRIORITY_RAISED", "提高优先级"
    ANNOUNCED = "ANNOUNCED", "播报排队位置"
    RINGING = "RINGING", "振铃"
    MISSED = "MISSED", "未接"
    DECLINED = "DECLINED", "拒接"
    ANSWERED = "ANSWERED", "接听"
    HELD = "HELD", "保持"
    RESUMED = "RESUMED", "取回"
    CONSULT_BEGUN = "CONSULT_BEGUN", "开始咨询"
    CONSULT_ENDED = "CONSULT_ENDED", "结束咨询"
    CONFERENCE_BEGUN = "CONFERENCE_BEGUN", "三方通话"
    CONFERENCE_ENDED = "CONFERENCE_ENDED", "结束三方通话"
    TRANSFERRED = "TRANSFERRED", "转接"
    TRANSFER_FAILED = "TRANSFER_FAILED", "转接失败"
    KEYS = "KEYS", "按键"
    CALLBACK_BOOKED = "CALLBACK_BOOKED", "预约回拨"
    SELF_SERVICE = "SELF_SERVICE", "自助查询"
    MESSAGE_LEFT = "MESSAGE_LEFT", "留言"
    RATED = "RATED", "服务评价"
    LISTENED = "LISTENED", "监听"
    WHISPERED = "WHISPERED", "耳语"
    BARGED_IN = "BARGED_IN", "强插"
    TAKEN_OVER = "TAKEN_OVER", "拦截"
    FORCED_HANG_UP = "FORCED_HANG_UP", "强拆"
    PICKED_UP = "PICKED_UP", "抢接"
    ALERT = "ALERT", "告警"
    ENDED = "ENDED", "结束"


class TransferKind(Labelled):
    """How a call is handed on."""

    BLIND = "BLIND", "直接转接"
    ATTENDED = "ATTENDED", "咨询后转接"


class SupervisionKind(Labelled):
    """What a shift leader does with another's call or seat."""

    LISTEN = "LISTEN", "监听"
    WHISPER = "WHISPER", "耳语"
    BARGE_IN = "BARGE_IN", "强插"
    TAKE_OVER = "TAKE_OVER", "拦截"
    FORCE_HANG_UP = "FORCE_HANG_UP", "强拆"
    FORCE_STATE = "FORCE_STATE", "强制置态"
    PICK_UP = "PICK_UP", "抢接"


class CallbackReason(Labelled):
    """Why a citizen is owed a call."""

    BOOKED = "BOOKED", "预约回拨"
    ABANDONED = "ABANDONED", "排队中挂断"
    VOICEMAIL = "VOICEMAIL", "语音留言"
    INTERRUPTED = "INTERRUPTED", "系统中断"


class CallbackState(Labelled):
    """How far a call-back task has come."""

    OPEN = "OPEN", "待回拨"
    CALLING = "CALLING", "回拨中"
    DONE = "DONE", "已回拨"
    UNREACHED = "UNREACHED", "多次未接通"
    SETTLED = "SETTLED", "来电人已再次来电"
    CANCELLED = "CANCELLED", "已取消"


class BlockState(Labelled):
    """A number on the nuisance list."""

    PROPOSED = "PROPOSED", "待复核"
    ACTIVE = "ACTIVE", "生效"
    REJECTED = "REJECTED", "已驳回"
    ENDED = "ENDED", "已解除"


class AlertKind(Labelled):
    """What a shift leader is called for."""

    SILENCE = "SILENCE", "长时间无声"
    LONG_HOLD = "LONG_HOLD", "保持过长"
    LONG_WAIT = "LONG_WAIT", "排队过长"
    RISK_WORDS = "RISK_WORDS", "风险用语"
    SERVICE_LEVEL = "SERVICE_LEVEL", "服务水平下降"
    MISSED_RING = "MISSED_RING", "坐席未接"
    STATE_OVERRUN = "STATE_OVERRUN", "状态超时"
    TAP_SILENT = "TAP_SILENT", "录音无声"
    DISK_LOW = "DISK_LOW", "录音磁盘空间不足"
    TRUNK_DOWN = "TRUNK_DOWN", "中继中断"
    SURGE = "SURGE", "话务激增"
    CALLBACK_OVERDUE = "CALLBACK_OVERDUE", "回拨超时"
    HOT_EVENT = "HOT_EVENT", "热点事件"
    CALENDAR = "CALENDAR", "工作日历待补充"
    DRAFT_LEFT = "DRAFT_LEFT", "草稿未登记"


class NoticeKind(Labelled):
    """What a unit is told of."""

    NEW_TASK = "NEW_TASK", "新派单"
    REDO = "REDO", "重办"
    SENT_BACK = "SENT_BACK", "退回重报"
    URGED = "URGED", "催办"
    SUPERVISED = "SUPERVISED", "督办"
    ASKED = "ASKED", "申请待审定"
    DECIDED = "DECIDED", "申请已审定"
    CHANGED = "CHANGED", "承办变更"
    REPORTED = "REPORTED", "协办或下级已反馈"
    WITHDRAWN = "WITHDRAWN", "撤单"
    LIGHT_YELLOW = "LIGHT_YELLOW", "临期"
    LIGHT_ORANGE = "LIGHT_ORANGE", "即将超期"
    LIGHT_RED = "LIGHT_RED", "已超期"
    DECISION_DUE = "DECISION_DUE", "申请待审定，即将超时"
    DECISION_OVERDUE = "DECISION_OVERDUE", "申请超时未审定"
    ANSWER_DUE = "ANSWER_DUE", "督办待答复，即将超时"
    ANSWER_OVERDUE = "ANSWER_OVERDUE", "逾期未答复"
    REVIEW_DUE = "REVIEW_DUE", "督办答复待审核，即将超时"
    REVIEW_OVERDUE = "REVIEW_OVERDUE", "督办答复超时未审核"
    RESULT_DUE = "RESULT_DUE", "下级结果待审核，即将超时"
    RESULT_OVERDUE = "RESULT_OVERDUE", "下级结果超时未审核"
    SUPPLEMENT = "SUPPLEMENT", "待补充信息"


class NoticeAudience(Labelled):
    """Who of a unit a notice is for."""

    UNIT = "UNIT", "经办人员"
    LEADER = "LEADER", "单位负责人"
    BOTH = "BOTH", "经办人员和单位负责人"
    #: Desks of the hotline.
    INTAKE = "INTAKE", "话务员"
    DISPATCHER = "DISPATCHER", "派单员"
    AUDITOR = "AUDITOR", "审核员"
    FOLLOW_UP = "FOLLOW_UP", "回访员"


class MessageChannel(Labelled):
    """How a message leaves the house."""

    SMS = "SMS", "短信"
    EMAIL = "EMAIL", "电子邮件"


class Direction(Labelled):
    """Who gave an order to whom."""

    IN = "IN", "转入"
    OUT = "OUT", "转出"


class AccessKind(Labelled):
    """What of a citizen was read, or done at a call (table ``access_log``)."""

    PHONE_NUMBER = "phone_number", "查看来电号码"
    CALLER_IDENTITY = "caller_identity", "查看诉求人信息"
    CALLER_PROFILE = "caller_profile", "查看来电人档案"
    RECORDING_CALLER = "recording.caller", "收听市民录音"
    RECORDING_AGENT = "recording.agent", "收听坐席录音"
    RECORDING_THIRD = "recording.third", "收听第三方录音"
    RECORDING_MIX = "recording.mix", "收听通话录音"
    CALL_TRANSCRIPT = "call.transcript", "查看通话文字"
    CALL_LISTEN = "call.listen", "监听通话"
    CALL_WHISPER = "call.whisper", "耳语"
    CALL_BARGE_IN = "call.barge_in", "强插通话"
    CALL_TAKE_OVER = "call.take_over", "拦截通话"
    CALL_FORCE_HANG_UP = "call.force_hang_up", "强拆通话"
    CALL_PICK_UP = "call.pick_up", "抢接来电"
    FORCE_STATE = "agent.force_state", "强制置态"
    ATTACHMENT = "attachment", "查看工单材料"


class CatalogueSource(Labelled):
    """Where a version of the dispatch catalogue came from."""

    FILE = "FILE", "规则文件"
    IMPORT = "IMPORT", "导入"


class ArticleState(Labelled):
    """State of one version of an article of the knowledge base."""

    DRAFT = "DRAFT", "草稿"
    IN_REVIEW = "IN_REVIEW", "待审"
    PUBLISHED = "PUBLISHED", "已发布"
    REPLACED = "REPLACED", "已替换"
    WITHDRAWN = "WITHDRAWN", "已下架"
    #: Shown of a published one whose last day is over; never stored.
    EXPIRED = "EXPIRED", "已过期"


class ArticleAction(Labelled):
    """What was done with an article."""

    SEED = "SEED", "初始条目"
    IMPORT = "IMPORT", "导入"
    DRAFT = "DRAFT", "起草"
    EDIT = "EDIT", "修改"
    DISCARD = "DISCARD", "放弃草稿"
    SUBMIT = "SUBMIT", "送审"
    PUBLISH = "PUBLISH", "审核通过并发布"
    SEND_BACK = "SEND_BACK", "审核退回"
    WITHDRAW = "WITHDRAW", "下架"
    EXPIRE = "EXPIRE", "到期失效"
    REMIND = "REMIND", "到期提醒"
    REPORT = "REPORT", "提出纠错"
    ANSWER = "ANSWER", "答复纠错"


#: Every closed set by name, for ``/api/vocabulary``.
ALL: dict[str, type[Labelled]] = {cls.__name__: cls for cls in Labelled.__subclasses__()}
