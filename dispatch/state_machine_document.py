"""docs/state-machine.md, made from the transition table.

Write it anew after a change of the table: ``python -m dispatch.state_machine_document``.
"""

from __future__ import annotations

from pathlib import Path

from models.vocabulary import OrderState, TaskState
from models.workflow import TRANSITIONS, UNIT_AT_WORK, Case, Transition, names_of

TARGET = Path(__file__).resolve().parent.parent / "docs" / "state-machine.md"

_HEAD = """# The state machine of an order

Made from `models/workflow/` by `python -m dispatch.state_machine_document`; a test fails when it
is out of date. An action that no row allows is refused with what was tried, the present state and
who may do it.

An order passes through the states below. From dispatch until the result is approved it has exactly
one lead task of a unit, with a state of its own; units hand work down to those below, each with
a task of its own, and others help as joint units. A redo makes a new task, so that nothing of the
first round is overwritten.

An action is about one task: the one that the command names, else that of the actor's own unit, else
the lead task. "Limit" is the name of a time limit in `config/service_levels.yaml`.
"""


def document() -> str:
    """The whole document."""
    parts = [_HEAD, "## States of an order\n", _order_diagram(), "## States of a task\n"]
    parts += [_task_diagram(), "## Transitions\n", _table(), "## Guards\n", _guards()]
    parts += ["", "## Reasons\n", _reasons()]
    return "\n".join(parts).rstrip() + "\n"


def _order_diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.label}" as {state.value}' for state in OrderState]
    lines.append(f"    [*] --> {OrderState.DRAFT.value}")
    for row in TRANSITIONS:
        if row.to_order is None:
            continue
        for state in row.from_order:
            lines.append(f"    {state.value} --> {row.to_order.value}: {_edge(row)}")
    for state in (OrderState.CLOSED, OrderState.WITHDRAWN):
        lines.append(f"    {state.value} --> [*]")
    return "\n".join([*lines, "```", ""])


def _task_diagram() -> str:
    lines = ["```mermaid", "stateDiagram-v2"]
    lines += [f'    state "{state.label}" as {state.value}' for state in TaskState]
    edges: dict[str, None] = {}
    for row in TRANSITIONS:
        if row.new_task is not None:
            edges[f"    [*] --> {row.new_task.value}: {row.label}"] = None
        if row.to_task is not None:
            # Without a task state of its own an action ends whatever the unit has in hand.
            for state in row.from_task or UNIT_AT_WORK:
                edges[f"    {state.value} --> {row.to_task.value}: {row.label}"] = None
    return "\n".join([*lines, *edges, "```", ""])


def _table() -> str:
    lines = [
        "| Action | From order | From task | When | To order | To task "
        "| Who | Guards | Needs | Limit | Effect |",
        "|---|---|---|---|---|---|---|---|---|---|---|",
    ]
    return "\n".join([*lines, *(_line(row) for row in TRANSITIONS), ""])


def _line(row: Transition) -> str:
    to_task = row.to_task or row.new_task
    cells = (
        f"`{row.action.value}` {row.label}",
        "、".join(state.label for state in row.from_order),
        "、".join(state.label for state in row.from_task),
        _when(row),
        row.to_order.label if row.to_order else "不变",
        f"{'新任务：' if row.new_task else ''}{to_task.label}" if to_task else "",
        names_of(row.roles),
        " ".join(f"`{guard.name}`" for guard in row.guards),
        " ".join(f"`{name}`" for name in row.needs),
        f"`{row.limit}`" if row.limit else "",
        row.effect,
    )
    return f"| {' | '.join(cells)} |"


def _when(row: Transition) -> str:
    kinds = "、".join(kind.label for kind in row.pending)
    words = (
        row.level.label,
        row.part.label if row.part else "",
        f"有待审定的{kinds}申请" if kinds else "",
        row.case.label,
    )
    return "，".join(word for word in words if word)


def _reasons() -> str:
    kinds = {row.label: row.reasons for row in TRANSITIONS if row.reasons}
    return "\n".join(
        f"- {label}: {'、'.join(item.label for item in reasons)}。"
        for label, reasons in kinds.items()
    )


def _guards() -> str:
    guards = {guard.name: guard for row in TRANSITIONS for guard in row.guards}
    return "\n".join(f"- `{name}`: {guard.refusal}。" for name, guard in guards.items())


def _edge(row: Transition) -> str:
    return row.label + (f"（{row.case.label}）" if row.case is not Case.ANY else "")


if __name__ == "__main__":
    TARGET.write_text(document(), encoding="utf-8")
