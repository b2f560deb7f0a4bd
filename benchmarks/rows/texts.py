"""Row "texts": the class of a short text, by `lamina.fit` and its defaults.

SMS spam in five random stratified splits 70/30; Banking77 and the intents of Snips in their official splits
(``sms_spam``, ``banking77``, ``snips_nlu`` in ``$LAMINA_DATA``). ``--valid-only`` leaves the test texts
alone and reports the validation rows, for tuning. ``--linear`` trains a linear support vector machine of
scikit-learn on words, pairs and stretches of characters of all training texts instead, as a peer.
"""

from __future__ import annotations

import argparse
import csv
import gzip
import io
import os
import sys
import time
from collections.abc import Iterator
from pathlib import Path

import numpy as np

from benchmarks import machine, record

ROW = "texts"
SETS = ("sms_spam", "banking77", "snips_nlu")
SPLITS = 5
Texts = tuple[list[str], list[str]]


def parse() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--sets", nargs="+", choices=SETS, default=SETS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--valid-only", action="store_true", help="leave the test texts alone")
    parser.add_argument("--linear", action="store_true", help="a linear machine of scikit-learn instead")
    parser.add_argument("--keys", nargs="*", default=[], metavar="KEY=VALUE", help="further keys of the fit")
    parser.add_argument("--quick", action="store_true", help="one epoch: does it run?")
    record.add_arguments(parser)
    return parser.parse_args()


def read(path: Path, text: str, label: str, delimiter: str) -> Texts:
    """Return texts and labels of a delimited file, perhaps packed."""
    content = gzip.decompress(path.read_bytes()) if path.suffix == ".gz" else path.read_bytes()
    rows = list(csv.DictReader(io.StringIO(content.decode()), delimiter=delimiter))
    return [row[text] for row in rows], [row[label] for row in rows]


def splits_of(name: str) -> Iterator[tuple[Texts, Texts]]:
    """Yield training and test texts: one pair, or five random ones."""
    folder = Path(os.environ.get("LAMINA_DATA", "")) / name
    if not folder.is_dir():
        sys.exit(f"no {name} in $LAMINA_DATA")
    if name == "banking77":
        yield (
            read(folder / "train.csv", "text", "category", ","),
            read(folder / "test.csv", "text", "category", ","),
        )
    elif name == "snips_nlu":
        yield (
            read(folder / "train.tsv.gz", "text", "intent", "\t"),
            read(folder / "test.tsv.gz", "text", "intent", "\t"),
        )
    else:
        texts, labels = read(folder / "smsspamcollection.tsv", "message", "label", "\t")
        for seed in range(SPLITS):
            yield stratified(texts, labels, seed)


def stratified(texts: list[str], labels: list[str], seed: int) -> tuple[Texts, Texts]:
    """Return 70 % and 30 % of the texts of each class, drawn at random."""
    random, known = np.random.default_rng(seed), np.array(labels)
    test = np.zeros(len(texts), bool)
    for label in np.unique(known):
        own = random.permutation(np.flatnonzero(known == label))
        test[own[: round(0.3 * own.size)]] = True
    parts = [np.flatnonzero(~test), np.flatnonzero(test)]
    train, held = (([texts[i] for i in rows], [labels[i] for i in rows]) for rows in parts)
    return train, held


def linear(train: Texts, test: Texts) -> float:
    """Return the accuracy of a linear support vector machine (C = 1) on the same kinds of n-grams."""
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.pipeline import make_pipeline, make_union
    from sklearn.svm import LinearSVC

    words = TfidfVectorizer(ngram_range=(1, 2), token_pattern=r"\w+|[^\w\s]", sublinear_tf=True)
    stretches = TfidfVectorizer(analyzer="char_wb", ngram_range=(2, 5), min_df=2, sublinear_tf=True)
    machine_of = make_pipeline(make_union(words, stretches), LinearSVC())
    return float(machine_of.fit(*train).score(*test))


def main() -> None:
    import lamina

    arguments = parse()
    idle = machine.is_idle(force=arguments.force, wait=arguments.wait)
    keys = dict(pair.split("=", 1) for pair in arguments.keys) | ({"epochs": 1} if arguments.quick else {})
    lines, part = [], "valid" if arguments.valid_only else "test"
    who = "scikit-learn" if arguments.linear else "lamina"
    for name in arguments.sets:
        accuracies, seconds = [], []
        for train, test in splits_of(name):
            for seed in arguments.seeds[:1] if arguments.linear else arguments.seeds:
                began = time.perf_counter()
                if arguments.linear:
                    accuracy = linear(train, test)
                else:
                    net = lamina.fit(*train, seed=seed, **keys)
                    metrics = net.info.metrics["valid"] if arguments.valid_only else net.evaluate(_both(test))
                    accuracy = float(metrics["accuracy"])
                seconds.append(time.perf_counter() - began)
                accuracies.append(100 * accuracy)
                machine.say(f"{name} seed {seed}: accuracy {accuracies[-1]:.2f} %, {seconds[-1]:.0f} s")
        mean, std = float(np.mean(accuracies)), float(np.std(accuracies))
        machine.say(f"{name}: {mean:.2f} ± {std:.2f} % of the {part} texts")
        median = float(np.median(seconds))
        lines.append(record.Line(ROW, who, f"{name}, {part}", "s", median, runs=len(seconds),
                                 quality=mean, quality_deviation=std, note=" ".join(arguments.keys),
                                 seeds=" ".join(map(str, arguments.seeds))))  # fmt: skip
    record.keep(lines, arguments, idle=idle)


def _both(given: Texts) -> tuple[np.ndarray, np.ndarray]:
    """Return texts and labels as the pair (X, y) that is evaluated."""
    return np.array(given[0], object), np.array(given[1], object)


if __name__ == "__main__":
    main()
