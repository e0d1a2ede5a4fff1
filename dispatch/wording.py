"""Fields and their faults in the words of those who fill them in."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

#: What a person calls each field of a command, an order or a task.
FIELD_LABELS = {
    "title": "标题",
    "content": "诉求内容",
    "demand": "明确诉求",
    "request_type": "诉求类型",
    "category": "诉求分类",
    "urgency": "紧急程度",
    "difficulty": "难易程度",
    "place": "发生地点",
    "area": "所属街道乡镇",
    "access_number": "拨打的号码",
    "occurred": "发生时间",
    "caller_name": "诉求人",
    "caller_phone": "来电号码",
    "callback_phone": "联系电话",
    "confidential": "是否保密",
    "want_reply": "是否需要回访",
    "channel": "来源渠道",
    "call_id": "通话",
    "contact_id": "来件",
    "draft_id": "草稿",
    "department": "承办单位",
    "lead_department": "主办单位",
    "answered": "是否直接答复",
    "public_answer": "答复内容",
    "proposal": "智能建议",
    "reason": "原因",
    "note": "说明",
    "text": "备注内容",
    "internal": "仅热线内部可见",
    "person": "联系人",
    "phone": "联系号码",
    "reached": "是否接通",
    "first_contact": "先行联系",
    "first_contacted_at": "先行联系时间",
    "fact_finding": "事实认定",
    "demand_finding": "诉求认定",
    "outcome": "办理结果",
    "unresolved_reason": "未解决原因",
    "internal_note": "内部说明",
    "quality_items": "答复质量评分",
    "process_items": "办理过程评分",
    "quality": "答复质量得分",
    "process": "办理过程得分",
    "contacted": "单位是否联系",
    "solved": "是否解决",
    "satisfaction": "对结果是否满意",
    "service_satisfaction": "对服务是否满意",
    "attempt": "回访次数",
    "redo": "要求重办",
    "redo_code": "重办事由",
    "redo_reason": "重办原因",
    "verification": "核实情况",
    "untrue": "办理结果与实际不符",
    "redo_count": "重办次数",
    "by_caller": "诉求人催办",
    "consent": "诉求人同意撤单的依据",
    "faults": "退回事项",
    "system": "转往的系统",
    "target": "转往的地区、单位",
    "external_no": "对方编号",
    "files": "材料",
    "lifted": "撤销的督办",
    "reviewed_by": "审核结果的单位负责人",
    "watched_at": "特别关注",
    "watch_reason": "特别关注原因",
    "knowledge_id": "知识条目",
    "answer_basis": "答复依据",
    "way": "回访方式",
    "until": "有效期至",
    "answer": "答复",
    "answer_due": "答复时限",
    "supervision": "督办",
    "level": "督办级别",
    "number": "督办文号",
    "card": "亮牌",
    "remark": "审核意见",
    "lapsed_urges": "未答复催办次数",
    "open_urges": "待答复催办",
    "open_supervision": "在办督办级别",
    "highest_supervision": "最高督办级别",
    "supervised": "督办级别",
    "reason_code": "事由",
    "granted": "是否同意",
    "finding": "会商认定",
    "plan": "解决计划",
    "leader": "包案领导",
    "caller_informed": "告知诉求人情况",
    "progress": "进展",
    "missing": "需要补充的内容",
    "refusal": "不予受理原因",
    "into": "主单编号",
    "order": "工单",
    "orders": "工单数",
    "merged_into": "主单",
    "merged_count": "并入的工单数",
    "evidence": "佐证材料",
    "unit_fault": "因承办单位原因",
    "reopen_count": "恢复办理次数",
    "excluded_at": "不计入统计",
    "shelved_at": "挂账时间",
    "archived_at": "归档时间",
    "state": "状态",
    "dispatched_at": "派单时间",
    "signed_at": "签收时间",
    "handler_id": "经办人",
    "submitted_at": "反馈时间",
    "sent_back_count": "退回次数",
    "dispatch_due": "派单时限",
    "register_due": "登记时限（通话结束后，已超时）",
    "head": "同意申请的单位负责人",
    "clause": "依据（三定方案、权责清单条款）",
    "suggested_department": "建议的承办单位",
    "new_facts": "新情况",
    "amount": "延长多少",
    "unit": "按什么计算",
    "days": "挂起多少个工作日",
    "opinion": "意见",
    "joint": "协办单位",
    "role": "主办或协办",
    "kind": "申请事项",
    "task_id": "承办任务",
    "request_id": "申请",
    "suspended_at": "挂起时间",
    "suspended_until": "挂起至",
    "disputed_at": "争议提出时间",
    "contact_excused_at": "不再要求先行联系",
    "decided_at": "审定时间",
    "decided_by_name": "审定人",
    "decision_reason": "审定意见",
    "audit_due": "审核时限",
    "follow_up_due": "回访时限",
    "external_due": "外部系统要求的时限",
    "sign_due": "签收时限",
    "first_contact_due": "先行联系时限",
    "progress_due": "首次反馈时限",
    "first_progress_at": "首次反馈时间",
    "delegated_at": "下派时间",
    "follow_up_started_at": "首次回访时间",
    "lapsed_supervision": "逾期未答复的督办级别",
    "due_at": "办结时限",
    "closed_at": "办结时间",
    "close_reason": "办结原因",
    "score": "办结评估分",
    "expected_version": "版本号",
    "idempotency_key": "幂等键",
    "cursor": "翻页位置",
    "from": "起始日期",
    "to": "截止日期",
}


#: What a field is called in the form of one action, where that differs.
FORM_LABELS = {
    ("urge", "reason"): "催办内容",
    ("report_progress", "progress"): "目前进展和下一步措施",
    ("urge", "by_caller"): "应诉求人要求催办",
    ("ask_withdrawal", "reason"): "撤单原因",
    ("ask_withdrawal", "call_id"): "诉求人同意的通话录音",
    ("ask_withdrawal", "consent"): "诉求人同意的情况（何人、何时、以何方式）",
    ("ask_withdrawal", "files"): "诉求人同意的材料",
    ("decide_withdrawal", "granted"): "是否同意撤单",
    ("transfer_out", "system"): "转往的系统（已对接的）",
    ("transfer_out", "target"): "转往的地区、单位（没有对接的）",
    ("transfer_out", "external_no"): "对方受理编号",
    ("transfer_out", "reason"): "转出原因",
    ("transfer_out", "caller_informed"): "已告知诉求人转往何处",
    ("answer_transfer", "answer"): "对方的答复（诉求人可见）",
    ("answer_transfer", "evidence"): "答复来源（何时以何方式收到、文号或联系人）",
    ("answer_transfer", "files"): "对方的答复文件",
    ("return_transfer", "reason"): "退回或收回的原因",
    ("first_contact", "evidence"): "联系凭据（用哪个电话、何时联系）",
    ("first_contact", "call_id"): "平台通话",
    ("record_follow_up", "evidence"): "回访凭据（用哪个电话、何时拨打）",
    ("record_follow_up", "call_id"): "回访电话",
    ("record_follow_up", "files"): "佐证材料",
    ("ask_redo", "reason"): "重办原因和要求",
    ("ask_redo", "verification"): "核实情况（哪些与事实不符、怎样核实的）",
    ("ask_redo", "call_id"): "与诉求人核实的通话",
    ("ask_redo", "evidence"): "佐证文书名称和编号（文书、材料、通话至少有一项）",
    ("ask_redo", "files"): "佐证材料，如现场照片",
    ("submit_result", "head"): "审核结果的单位负责人",
    ("submit_result", "evidence"): "办理佐证（文书名称和编号）",
    ("submit_result", "files"): "佐证材料",
    ("send_back", "faults"): "退回事项（可多选）",
    ("watch", "reason"): "特别关注的原因",
    ("unwatch", "reason"): "取消的原因",
    ("withdraw", "reason"): "撤单原因",
    ("send_back", "reason"): "退回原因（写明要补充或改正什么）",
    ("answer_urge", "answer"): "办理进展",
    ("answer_supervision", "answer"): "督办答复（写明原因、措施和完成时间）",
    ("settle_supervision", "granted"): "是否认可答复",
    ("settle_supervision", "remark"): "审核意见",
    ("supervise", "reason"): "督办内容",
    ("propose_supervision", "reason"): "提请理由",
    ("merge", "reason"): "并单理由",
    ("suggest_merge", "reason"): "并单理由",
    ("ask_shelf", "reason"): "一时难以解决的原因",
    ("decide_panel", "reason"): "会商意见",
    ("decide_panel", "plan"): "解决计划（列入疑难挂账的必填）",
    ("decide_panel", "leader"): "包案领导（列入疑难挂账的必填）",
    ("decide_panel", "caller_informed"): "何时、如何告知诉求人（列入疑难挂账的必填）",
    ("decide_refusal", "granted"): "是否同意不予受理",
    ("decide_objection", "granted"): "异议是否成立",
    ("supplement", "text"): "诉求人补充的情况",
    ("supplement", "place"): "更正后的发生地点",
    ("supplement", "callback_phone"): "更正后的联系电话",
    ("ask_exclusion", "reason_code"): "不计入统计的事由",
    ("dispatch", "department"): "主办单位",
    ("reassign", "department"): "改派给",
    ("add_joint", "department"): "协办单位",
    ("add_joint", "note"): "请其协办的事项",
    ("dismiss_joint", "reason"): "撤销原因",
    ("delegate", "department"): "下派给（本单位的下级单位）",
    ("delegate", "due_at"): "要求完成时间（不填按最晚时限）",
    ("recall", "reason"): "收回原因",
    ("submit_part", "opinion"): "协办意见（查明的情况和所做的工作）",
    ("accept_result", "note"): "审核意见",
    ("request_return", "reason_code"): "退单事由",
    ("request_return", "reason"): "退单理由",
    ("request_return", "new_facts"): "新情况（过了申请时限才需要）",
    ("decide_return", "granted"): "是否同意退单",
    ("decide_return", "department"): "改派给（同意退单的填写）",
    ("open_dispute", "reason"): "争议理由",
    ("settle_dispute", "department"): "裁定的承办单位",
    ("settle_dispute", "reason"): "裁定意见",
    ("settle_dispute", "opinion"): "编办、司法部门意见",
    ("request_return", "files"): "附件",
    ("open_dispute", "files"): "附件",
    ("request_extension", "evidence"): "佐证说明（文书名称和编号，或何人何时提供）",
    ("request_extension", "files"): "佐证附件",
    ("request_suspension", "evidence"): "佐证说明（文书名称和编号，或何人何时提供）",
    ("request_suspension", "files"): "佐证附件",
    ("ask_reopening", "evidence"): "佐证说明（文书名称和编号，或何人何时提供）",
    ("ask_reopening", "files"): "佐证附件",
    ("ask_exclusion", "evidence"): "佐证说明（文书名称和编号，或何人何时提供）",
    ("ask_exclusion", "files"): "佐证附件",
    ("request_extension", "reason_code"): "延期事由",
    ("request_extension", "reason"): "延期理由",
    ("request_extension", "caller_informed"): "已告知诉求人",
    ("decide_extension", "granted"): "是否同意延期",
    ("decide_extension", "amount"): "同意延长多少（不填按申请）",
    ("request_suspension", "reason_code"): "挂起事由",
    ("request_suspension", "reason"): "挂起理由",
    ("request_suspension", "caller_informed"): "已告知诉求人",
    ("decide_suspension", "granted"): "是否同意挂起",
    ("resume", "reason"): "恢复原因",
}


def form_label(action: str, name: str) -> str:
    """What a field is called in the form of an action."""
    if label := FORM_LABELS.get((action, name)):
        return label
    if name == "reason" and action.startswith(("decide_", "confirm_")):
        return "审定意见"
    return field_label(name)


def field_label(path: str) -> str:
    """The Chinese name of a field given by its path (``task.due_at``, ``quality_items.tone``)."""
    for name in (path, *path.split(".")[::-1]):
        if name in FIELD_LABELS:
            return FIELD_LABELS[name]
    return path or "整体"


def problem_text(error: Mapping[str, Any]) -> str:
    """What is wrong with a field, from one error of pydantic."""
    kind, context = error["type"], error.get("ctx", {})
    match kind:
        case "missing":
            return "必填"
        case "extra_forbidden":
            return "不认识的字段"
        case "string_too_long":
            return f"不能超过{context['max_length']}个字"
        case "string_too_short":
            least = context["min_length"]
            return "不能为空" if least == 1 else f"至少{least}个字"
        case "enum":
            return f"应为 {_expected(context)} 之一"
        case "greater_than_equal":
            return f"不能小于{context['ge']}"
        case "less_than_equal":
            return f"不能大于{context['le']}"
        case _:
            return _by_kind(kind)


def _expected(context: Mapping[str, Any]) -> str:
    return str(context.get("expected", "")).replace("'", "").replace(" or ", "、")


def _by_kind(kind: str) -> str:
    wanted = {
        "string": "应是文字",
        "bool": "应为是或否",
        "int": "应是整数",
        "float": "应是数字",
        "dict": "应是键值对",
        "list": "应是列表",
        "model": "应是键值对",
        "json": "不是有效的 JSON",
    }
    return next((text for start, text in wanted.items() if kind.startswith(start)), "格式不正确")
