"""BLEU and chrF: equal to those of sacrebleu; their numbers for known texts; intervals."""

from __future__ import annotations

import numpy as np
import pytest

from lamina.objectives.metrics.bleu import bleu, bleu_counts, bleu_of, chrf, words_13a
from lamina.objectives.metrics.translation import translation_intervals, translation_metrics

WRITTEN = [
    "the cat sat on the mat",
    "il fait froid , dit-il.",
    "",
    "3,50 euros & 4-5 « oui »",
    "no",
    "a b c d e",
]
REFERENCES = [
    "the cat sat on a mat",
    "Il fait froid, dit-il.",
    "vide",
    "3.50 euros &amp; 4-5 « oui »",
    "yes",
    "a b c e d",
]
# By sacrebleu 2.6.0: corpus_bleu and corpus_chrf of the texts above, all of them and one by one.
BLEU = (67.1657758359, (53.7284965912, 75.9835685652, 0.0, 86.334002137, 0.0, 45.1801001805))
CHRF = (69.9074567827, (72.0848317308, 93.8732349665, 0.0, 58.4187874516, 0.0, 36.6666666667))


def test_numbers_of_known_texts():
    assert bleu(WRITTEN, REFERENCES) == pytest.approx(BLEU[0], abs=1e-9)
    assert chrf(WRITTEN, REFERENCES) == pytest.approx(CHRF[0], abs=1e-9)
    for written, reference, one, other in zip(WRITTEN, REFERENCES, BLEU[1], CHRF[1], strict=True):
        assert bleu([written], [reference]) == pytest.approx(one, abs=1e-9)
        assert chrf([written], [reference]) == pytest.approx(other, abs=1e-9)


def test_they_are_those_of_sacrebleu():
    sacrebleu = pytest.importorskip("sacrebleu")
    random = np.random.default_rng(0)
    words = np.array(
        "le la chat, chien. dort-il 3,5 4.2 « oui » l'an &quot;x&quot; {a} (b) 1-2 ?! été".split()
    )
    for size in (1, 2, 30):
        for _ in range(20):
            references = [" ".join(random.choice(words, random.integers(1, 12))) for _ in range(size)]
            written = [
                " ".join(random.permutation(text.split())[: random.integers(0, 12)]) for text in references
            ]
            assert bleu(written, references) == pytest.approx(
                sacrebleu.corpus_bleu(written, [references]).score
            )
            assert chrf(written, references) == pytest.approx(
                sacrebleu.corpus_chrf(written, [references]).score
            )


def test_words():
    assert words_13a('Say "no", (1.5-2) x-y.') == [
        "Say",
        '"',
        "no",
        '"',
        ",",
        "(",
        "1.5",
        "-",
        "2",
        ")",
        "x-y",
        ".",
    ]


def test_weights_count_texts_as_often():
    twice = bleu([*WRITTEN, *WRITTEN[:2]], [*REFERENCES, *REFERENCES[:2]])
    assert bleu(WRITTEN, REFERENCES, np.array([2, 2, 1, 1, 1, 1])) == pytest.approx(twice)
    counts = bleu_counts(WRITTEN, REFERENCES)
    np.testing.assert_allclose(bleu_of(np.stack([counts[0], counts[5]])), [BLEU[1][0], BLEU[1][5]])


def decoded(surprise: list[float]) -> np.ndarray:
    found = np.zeros(len(WRITTEN), [("output", object), ("surprise", float), ("tokens", float)])
    found["output"], found["surprise"], found["tokens"] = WRITTEN, surprise, 4
    return found


def test_metrics_and_their_intervals():
    found = translation_metrics(decoded([2.0] * 5 + [14.0]), np.array(REFERENCES, object))
    assert found["bleu"] == pytest.approx(BLEU[0]) and found["chrf"] == pytest.approx(CHRF[0])
    assert found["loss"] == pytest.approx(1.0) and found["perplexity"] == pytest.approx(np.e)
    ends = translation_intervals(decoded([2.0] * 5 + [14.0]), np.array(REFERENCES, object))
    assert set(ends) == set(found)
    assert all(low < found[name] < high for name, (low, high) in ends.items())
    assert 0.5 <= ends["loss"][0] < 0.7 and 1.5 < ends["loss"][1] < 2.5
    assert ends == translation_intervals(decoded([2.0] * 5 + [14.0]), np.array(REFERENCES, object))


def test_without_the_surprise_there_is_no_loss():
    found = translation_metrics(decoded([np.nan] * 6), REFERENCES)
    assert set(found) == {"bleu", "chrf"} == set(translation_intervals(decoded([np.nan] * 6), REFERENCES))
