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
    "answered": "是否现场答复",
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
    "redo_reason": "重办原因",
    "redo_count": "重办次数",
    "by_caller": "诉求人催办",
    "consent": "诉求人同意撤单的依据",
    "state": "状态",
    "signed_at": "签收时间",
    "submitted_at": "反馈时间",
    "sent_back_count": "退回次数",
    "dispatch_due": "派单时限",
    "external_due": "外部系统要求的时限",
    "sign_due": "签收时限",
    "first_contact_due": "先行联系时限",
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
