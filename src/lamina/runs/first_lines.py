"""The first lines of a run: what will happen, before it does."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from lamina.core import runtime
from lamina.core.tree import parameter_count
from lamina.core.wording import count, counted, plain
from lamina.ops.native import library
from lamina.runs.console import Console

if TYPE_CHECKING:
    from lamina.network.plan import Plan

SAID_ELSEWHERE = ("task-guessed", "split-column", "target-guessed")
MOST_NAMES = 5


def print_first_lines(console: Console, plan: Plan, *, guessed: bool = False) -> None:
    """Say device, data, task, split and model, then what the audit warns of.

    Args:
        console: says it.
        plan: what was decided.
        guessed: whether the target was guessed.
    """
    console.field("device", runtime.describe_device())
    if missing := library.notice():
        console.field("kernels", plain(missing))
    console.field("data", _data(plan))
    said = " ".join(f"{finding.where} {finding.message}" for finding in plan.data.audit.findings)
    dropped = [pair for pair in plan.data.schema.dropped if f"'{pair[0]}'" not in said]
    if dropped:
        console.field("left out", _left_out(dropped))
    console.field("target" if plan.data.schema.targets else "task", _target(plan, guessed))
    console.field("split", _split(plan))
    console.field("model", _model(plan))
    for finding in plan.data.audit.findings:
        if finding.level == "warning" or finding.code not in SAID_ELSEWHERE:
            console.print(str(finding))
        if finding.details:
            console.record("\n".join(("all of them:", *finding.details)))


def _data(plan: Plan) -> str:
    table, schema = plan.data.table, plan.data.schema
    kinds = [column.kind for column in schema.read]
    each = ", ".join(f"{kinds.count(kind)} {kind}" for kind in dict.fromkeys(kinds))
    used = f"{counted(len(kinds), 'column')} used ({each})"
    rows = counted(table.height, plan.coding.task.noun)
    split = plan.data.split
    lost = table.height - len(split.train) - len(split.valid) - len(split.test)
    rows += f" ({count(lost)} without a target left out)" if lost else ""
    return f"{plain(table.source)}: {rows}, {used}"


def _left_out(dropped: Sequence[tuple[str, str]]) -> str:
    named = "; ".join(f"{plain(name, 40)}: {plain(reason)}" for name, reason in dropped[:MOST_NAMES])
    return named + (f" and {len(dropped) - MOST_NAMES} more" if len(dropped) > MOST_NAMES else "")


def _target(plan: Plan, guessed: bool) -> str:
    names = ", ".join(plain(name, 40) for name in plan.data.schema.targets[:MOST_NAMES])
    more = len(plan.data.schema.targets) - MOST_NAMES
    names += f" and {more} more" if more > 0 else ""
    task = plan.config.run.task or ""
    classes = len(plan.coding.target.labels)
    what = f"{task}, {classes} classes" if classes == plan.coding.objective.out_features else task
    how = []
    if guessed:
        how.append("target guessed; another one with --target")
    for finding in plan.data.audit.findings:
        if finding.code == "task-guessed":
            how.append("task guessed" + (f"; {plain(finding.fix)}" if finding.fix else ""))
    return (f"{names}: {what}" if names else str(what)) + (f" ({'; '.join(how)})" if how else "")


def _split(plan: Plan) -> str:
    split, test_table = plan.data.split, plan.data.test_table
    test = len(split.test) if test_table is None else test_table.height
    noun = plan.coding.task.noun
    parts = [f"{count(len(split.train))} {noun}s train", f"{count(len(split.valid))} validate"]
    if len(plan.data.folds) > 1:
        both = count(len(split.train) + len(split.valid))
        parts = [f"{both} {noun}s in {len(plan.data.folds)} folds, each validated by one network"]
    parts += [f"{count(test)} test"] if test else []
    rule = plan.data.split_rule or _rule(plan.data.schema, plan.config.training.seed)
    return ", ".join(parts) + f" ({rule})"


def _rule(schema: Any, seed: int) -> str:
    if schema.split:
        return f"by its column {plain(schema.split, 40)}"
    if schema.time:
        return f"by time, the last by {plain(schema.time, 40)} validate"
    drawn = f"drawn with seed {seed}"
    return f"{drawn}, groups of {plain(schema.group, 40)} together" if schema.group else drawn


def _model(plan: Plan) -> str:
    parameters = sum(parameter_count(model) for model in plan.models)
    size = f"{plan.config.run.model}, {counted(parameters, 'parameter')}"
    return f"{size} ({plain(plan.choice.reason)})"
