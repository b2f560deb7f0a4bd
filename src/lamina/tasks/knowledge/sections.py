"""What the report says of a graph: how good the answers are, relation by relation, a map, and facts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from lamina.core.page import Block, Bullets, Paragraph, Section, Table
from lamina.core.wording import counted, plain
from lamina.modalities.base import Outcome
from lamina.modalities.plane import plane_plot
from lamina.objectives.metrics.links import link_metrics
from lamina.tasks.knowledge.target import KnowledgeTarget
from lamina.tasks.metric_table import metric_table, metric_tiles
from lamina.tasks.wording import metric_value

LEADING = ("mrr", "hits_1", "hits_10")
WORST, FEWEST_ASKED = 25, 5  # relations that are listed; questions from which a relation is judged
MOST_ON_MAP, MOST_NAMED, MOST_LISTED = 1_500, 100, 20  # entities
LONGEST = 48


def knowledge_sections(outcome: Outcome) -> list[Section]:
    """Return headline, metrics, the worst relations, surprising answers, a map of entities, facts and limits.

    Args:
        outcome: of the run.
    """
    target: KnowledgeTarget = outcome.target
    facts = [*_map(outcome, target), _facts(outcome, target), _limits()]
    if outcome.decoded is None or outcome.targets is None or not outcome.count:
        said = Paragraph("Nothing was measured: no triple was held out.", "lead")
        return [Section("In short", (said,)), *facts]
    ranks, asked = np.asarray(outcome.decoded, np.float64).reshape(-1), np.asarray(outcome.targets)
    found = [_summary(outcome), Section("How good it is", (metric_table(outcome), _by_side(ranks)))]
    return [*found, *_relations(ranks, asked, target), _hardest(outcome, ranks, asked), *facts]


def _summary(outcome: Outcome) -> Section:
    where = "of the test set" if outcome.evaluated == "test" else "held out for validation"
    first, ten = (f"{outcome.metrics[name]:.0%}" for name in ("hits_1", "hits_10"))
    lead = (
        f"Asked for the missing end of {counted(outcome.count // 2, 'triple')} {where}, from both sides, the "
        f"network ranks the right entity first in {first} of the questions and among the first ten in {ten}. "
        f"The mean reciprocal rank is {metric_value(outcome, 'mrr')}. Other answers that are known count as "
        "neither right nor wrong."
    )
    return Section("In short", (Paragraph(lead, "lead"), metric_tiles(outcome, LEADING)))


def _by_side(ranks: np.ndarray) -> Table:
    """Return the metrics of questions for tails and of questions for heads."""
    rows = []
    for name, own in zip(("tails", "heads"), np.split(ranks, 2), strict=True):
        found = link_metrics(own)
        rows.append((name, *(f"{found[metric]:.3f}" for metric in LEADING), f"{found['mean_rank']:,.2f}"))
    return Table(
        ("asked for", "MRR", "hits at 1", "hits at 10", "mean rank"), tuple(rows), numeric=(1, 2, 3, 4)
    )


def _relations(ranks: np.ndarray, asked: np.ndarray, target: KnowledgeTarget) -> list[Section]:
    """Return the relations whose answers rank lowest, with the triples that taught them."""
    own = asked["relation"].astype(np.int64)
    relation = np.where(own >= 0, own % len(target.relations), -1)
    trained = np.bincount(target.known[:, 1], minlength=len(target.relations))
    rows = []
    for number in np.unique(relation[relation >= 0]).tolist():
        mine = relation == number
        if np.count_nonzero(mine) < FEWEST_ASKED:
            continue
        heads = own[mine] >= len(target.relations)
        sides = [link_metrics(ranks[mine][side])["mrr"] for side in (~heads, heads)]
        found = link_metrics(ranks[mine])
        rows.append((found["mrr"], number, sides, found["hits_10"], int(np.count_nonzero(mine))))
    if not rows:
        return []
    lines = [
        (
            plain(target.relations[number], LONGEST),
            f"{mrr:.3f}",
            *(f"{side:.3f}" for side in sides),
            f"{ten:.3f}",
            f"{count:,}",
            f"{trained[number]:,}",
        )
        for mrr, number, sides, ten, count in sorted(rows)[:WORST]
    ]
    heads = ("relation", "MRR", "for tails", "for heads", "hits at 10", "questions", "known triples")
    among = f"{counted(len(rows), 'relation')} with {FEWEST_ASKED} or more questions"
    note = f"Those whose right answers rank lowest, of {among}."
    table = Table(heads, tuple(lines), numeric=(1, 2, 3, 4, 5, 6), note=note)
    return [Section("Worst relations", (table,))]


def _hardest(outcome: Outcome, ranks: np.ndarray, asked: np.ndarray) -> Section:
    """Return the triples whose right answers rank lowest."""
    order = np.argsort(-ranks, kind="stable")[:12]
    rows = tuple(
        (
            plain(outcome.caption(asked[row]), 2 * LONGEST),
            "head" if asked[row]["relation"] >= len(outcome.target.relations) else "tail",
            f"{ranks[row]:,.0f}",
        )
        for row in order.tolist()
    )
    note = (
        "Triples that the network believes least: rare ones, or mistakes of the data. ? is what training "
        "never saw."
    )
    return Section(
        "Hardest triples", (Table(("triple", "asked for its", "rank"), rows, numeric=(2,), note=note),)
    )


def _map(outcome: Outcome, target: KnowledgeTarget) -> list[Section]:
    """Return the vectors of the most frequent entities along their two widest directions."""
    if not hasattr(outcome.model, "encoded"):  # a model of one's own
        return []
    counts = np.bincount(target.known[:, [0, 2]].reshape(-1), minlength=len(target.entities))
    rows = np.argsort(-counts, kind="stable")[:MOST_ON_MAP]
    vectors = np.asarray(outcome.model.encoded().entity.weight, np.float64)[rows]
    which = (
        "All entities." if len(rows) == len(target.entities) else f"The {len(rows):,} most frequent entities."
    )
    names = [plain(target.entities[row], LONGEST) for row in rows[:MOST_NAMED].tolist()]
    named = dict(enumerate(names))
    plot = plane_plot(vectors, name="entities", title="Map of the entities", note=which, named=named)
    if plot is None:
        return []
    frequent = ", ".join(names[:MOST_LISTED])
    return [Section("Entities", (plot, Paragraph(f"Most frequent: {frequent}.", "note")))]


def _facts(outcome: Outcome, target: KnowledgeTarget) -> Section:
    """Return how large the graph is, and how its triples are spread."""
    known = target.known
    degrees = np.bincount(known[:, [0, 2]].reshape(-1), minlength=len(target.entities))
    sizes = np.bincount(known[:, 1], minlength=len(target.relations))
    per_question = np.diff(target.answers.ends)
    rows = [
        ("entities", f"{len(target.entities):,}"),
        ("relations", f"{len(target.relations):,}"),
        ("known triples", f"{len(known):,}"),
        ("triples of an entity, median and most", _two(degrees, np.median, np.max)),
        ("triples of a relation, median and most", _two(sizes, np.median, np.max)),
        ("known answers of a question, mean and most", _two(per_question, np.mean, np.max, digits=1)),
    ]
    blocks: tuple[Block, ...] = (Table(("what", "how many"), tuple(rows), numeric=(1,)),)
    return Section("The graph", blocks)


def _two(values: np.ndarray, first: Callable[..., Any], second: Callable[..., Any], digits: int = 0) -> str:
    return f"{float(first(values)):,.{digits}f}, {float(second(values)):,.0f}" if len(values) else "–"


def _limits() -> Section:
    sentences = (
        "What no triple says is taken for unknown, not for false: a wrong answer of the network may be a "
        "fact that the graph lacks.",
        "Probabilities are among the entities of training; one that training never saw is never an answer.",
        "Triples that follow from others by a simple rule, such as one read backwards, make the metrics look "
        "better than they are for new facts; the audit says where it sees that.",
    )
    return Section("Limits", (Bullets(sentences),))
