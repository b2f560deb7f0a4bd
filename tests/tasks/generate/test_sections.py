"""What the report says of a generator: of good, collapsed and copying ones, without training any."""

from __future__ import annotations

from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from tests.tasks.generate.outcomes import SIDE, Scatter, images, outcome

from lamina.core.errors import ArtifactError, ConfigError
from lamina.core.inputs import ImageSampleInputs
from lamina.core.page import Images, Plot, Section, Table
from lamina.objectives.metrics.features import Features
from lamina.objectives.samples import Sampling
from lamina.tasks.generate.keys import GenerateKeys, check_judge
from lamina.tasks.generate.previews import previewer, samples_over_training
from lamina.tasks.generate.sampling import draw
from lamina.tasks.generate.sections import generate_sections
from lamina.tasks.generate.shown import distributions, table_of
from lamina.tasks.preview import Preview


def titled(sections: list[Section], title: str) -> list[Any]:
    return [block for section in sections if section.title == title for block in section.blocks]


def judged(sections: list[Section]) -> dict[str, tuple[float, float]]:
    (table,) = (block for block in titled(sections, "How good it is") if isinstance(block, Table))
    return {row[0].text.split()[0]: (float(row[1]), float(row[2])) for row in table.rows}  # type: ignore


def test_a_good_generator_is_told_from_one_that_shows_one_thing():
    good, collapsed = generate_sections(outcome()), generate_sections(outcome(std=0.0))
    assert judged(good)["Recall"][0] > 0.6 and judged(collapsed)["Recall"][0] < 0.2
    assert judged(good)["Coverage"][0] > 3 * judged(collapsed)["Coverage"][0]
    assert judged(collapsed)["Fréchet"][0] > 5 * judged(collapsed)["Fréchet"][1]
    verdict = titled(good, "Is it copied?")[0].text
    assert "no sign of copying" in verdict or "no copies" in verdict


def test_what_the_page_shows_and_says():
    found = generate_sections(outcome())
    plots = [block for section in found for block in section.blocks if isinstance(block, Plot)]
    assert [plot.name for plot in plots] == ["samples", "between", "nearest_training"]
    grid, between, beside = (plot.panels[0] for plot in plots)
    assert isinstance(grid, Images) and len(grid.images) == 32
    assert len(between.images) == 8 and len(beside.images) == 16
    (table,) = (block for block in titled(found, "How good it is") if isinstance(block, Table))
    assert "principal components of 200 training examples" in table.note
    assert "60 samples against as many held-out examples" in table.note
    assert "200 training examples" in titled(found, "Is it copied?")[1].text


def test_a_generator_that_copies_is_caught():
    class Copying(Scatter):
        def sample(self, model: Any, labels: Any, sampling: Sampling, *, key: Any) -> Any:
            return model["training"][: len(labels)]

    training = images(200, 1).astype(np.float32) / 127.5 - 1
    own = outcome(
        objective=Copying(ImageSampleInputs(SIDE, SIDE, 1)), model={"training": training + np.float32(1e-4)}
    )
    found = titled(generate_sections(own), "Is it copied?")
    assert found[0].text.startswith("100.0% of the samples copy a training example")
    shown = found[2].panels[0].images
    np.testing.assert_allclose(np.stack(shown[:8]).astype(int), np.stack(shown[8:]), atol=1)


def test_without_time_there_are_samples_alone():
    found = generate_sections(outcome(seconds=0.0))
    assert [section.title for section in found] == ["In short", "New samples", "Limits"]
    assert len(titled(found, "New samples")) == 1


def test_features_of_a_classifier_are_named_with_their_hash():
    asked: list[Any] = []

    def features_of(folder: str) -> Features:
        asked.append(folder)
        return Features(
            lambda given: np.asarray(given, float).reshape(len(given), -1)[:, :3], "own words ab12", "ab12"
        )

    own = outcome(keys={"epochs": 1, "judge": "runs/digits"}, features_of=features_of)
    (table,) = (b for b in titled(generate_sections(own), "How good it is") if isinstance(b, Table))
    assert asked == ["runs/digits"] and "in own words ab12" in table.note


def test_a_classifier_that_is_gone_costs_its_table_alone():
    def features_of(folder: str) -> Features:
        raise ArtifactError("no such folder", where=folder)

    own = outcome(keys={"epochs": 1, "judge": "gone"}, features_of=features_of)
    found = generate_sections(own)
    assert "Samples were not judged: gone" in titled(found, "How good it is")[0].text
    assert titled(found, "Is it copied?")


def test_a_judge_that_is_no_network_is_refused_before_training(tmp_path: Any):
    with pytest.raises(ConfigError, match="the judge is no trained network"):
        check_judge(GenerateKeys(judge=str(tmp_path)))
    (tmp_path / "network").mkdir()
    (tmp_path / "network" / "MANIFEST.json").write_text("{}")
    check_judge(GenerateKeys(judge=str(tmp_path)))
    check_judge(GenerateKeys())


def test_losses_of_parts_are_drawn():
    history = {"epoch": [1, 2], "train_critic_loss": [1.0, 0.5], "train_generator_loss": [2.0, 3.0]}
    objective = Scatter(ImageSampleInputs(SIDE, SIDE, 1), parts={"critic": None, "generator": None})
    found = generate_sections(outcome(seconds=0.0, history=history, objective=objective))
    (plot,) = titled(found, "How it was trained")
    assert [series.name for series in plot.panels[0].series] == ["critic", "generator"]
    assert plot.panels[0].series[1].y.tolist() == [2.0, 3.0]


def test_strips_of_epochs_and_what_a_resumed_run_says():
    own = outcome()
    look = previewer(own.objective, own.target, 0)
    preview = look(own.model)
    assert preview is not None and preview.value.shape == (8, SIDE, SIDE, 1)
    np.testing.assert_array_equal(preview.value, look(own.model).value)  # type: ignore[union-attr]
    (section,) = samples_over_training(outcome(previews={1: preview, 36: preview}))
    plot = section.blocks[0]
    assert isinstance(plot, Plot) and "resumed" not in plot.note
    panel: Any = plot.panels[0]
    assert (
        len(panel.images) == 16 and panel.captions[:2] == ("epoch 1", "") and panel.captions[8] == "epoch 36"
    )
    (section,) = samples_over_training(outcome(previews={16: preview}))
    assert "Samples before epoch 16 are not there: the run was resumed" in section.blocks[0].note  # type: ignore
    assert not samples_over_training(outcome())


def test_between_two_samples_noise_goes_from_the_first_to_the_last():
    own = outcome(std=1.0)
    still = Scatter(own.objective.space, noise=0.0)
    labels = np.full(4, -1, np.int32)
    first, *middle, last = draw(still, own.model, labels, Sampling(between=True), seed=3)[:, 0, 0, 0]
    plain = draw(still, own.model, labels, Sampling(), seed=3)[:, 0, 0, 0]
    assert first == pytest.approx(plain[0]) and last == pytest.approx(plain[3], abs=1e-6)
    mean = own.model["mean"]
    first, last = plain[0] - mean, plain[3] - mean
    expected = np.cos(np.pi / 6) * first + np.sin(np.pi / 6) * last + mean
    assert middle[0] == pytest.approx(expected, abs=1e-6)


def rows(**columns: Any) -> Any:
    values = {name: np.asarray(column) for name, column in columns.items()}
    count = len(next(iter(values.values())))
    return type("Rows", (SimpleNamespace,), {"__len__": lambda self: count})(columns=values)


def test_rows_stand_beside_real_ones_and_columns_as_distributions():
    ours = rows(age=[1.0, 2.0, np.nan], kind=np.array(["a", "b", None], object))
    real = rows(age=[1.0, 3.0, 3.0], kind=np.array(["a", "a", "b"], object))
    table = table_of([("sample", ours, np.arange(9)), ("real", real, np.arange(1))])
    assert table.rows == (
        ("sample", "1", "a"),
        ("sample", "2", "b"),
        ("sample", "–", "–"),
        ("real", "1", "a"),
    )
    plot, shares = distributions(ours, real)
    assert isinstance(plot, Plot) and isinstance(shares, Table)
    assert sum(plot.panels[0].series[1].y) == pytest.approx(1.0)  # type: ignore[attr-defined]
    assert shares.rows[0] == ("kind", "a", "33.3%", "66.7%")


def test_two_numbers_are_a_plane():
    draw_rows = np.random.default_rng(0).normal
    plane, columns = distributions(*(rows(x=draw_rows(size=9), y=draw_rows(size=9)) for _ in range(2)))
    assert isinstance(plane, Plot) and plane.name == "samples_plane" and len(plane.panels[0].series) == 2  # type: ignore
    assert isinstance(columns, Plot) and len(columns.panels) == 2


def test_planes_of_epochs_share_their_axes():
    draw_rows = np.random.default_rng(0).normal
    previews = {
        epoch: Preview(rows(x=spread * draw_rows(size=9), y=draw_rows(size=9)))
        for epoch, spread in ((1, 0.1), (4, 5.0))
    }
    (section,) = samples_over_training(outcome(previews=previews))
    first, last = section.blocks[0].panels  # type: ignore[union-attr]
    assert first.title == "Epoch 1" and first.x.ends == last.x.ends and last.x.ends[1] > 3


def test_other_rows_are_a_table_of_the_first_one():
    previews = {1: Preview(rows(age=[3.0], kind=np.array(["a"], object)))}
    (section,) = samples_over_training(outcome(previews=previews))
    table = section.blocks[0]
    assert (
        isinstance(table, Table)
        and table.heads == ("epoch", "age", "kind")
        and table.rows == (("1", "3", "a"),)
    )
