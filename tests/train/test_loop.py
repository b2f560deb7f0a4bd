"""The loop: determinism, early stopping, chunks, time, callbacks, resume."""

from __future__ import annotations

import dataclasses
from typing import Any

import jax
import jax.numpy as jnp
import numpy as np
import pytest

from lamina.core.errors import ArtifactError, ConfigError, RunError
from lamina.core.module import Module
from lamina.core.tree import named_arrays
from lamina.models import build
from lamina.nn import BatchNorm, Linear, Sequential
from lamina.objectives import MulticlassObjective
from lamina.train import Callback, EarlyStopping, ReduceLROnPlateau, TrainConfig, train, train_population
from lamina.train.loop.clock import compile_counter
from lamina.train.loop.engine import SingleEngine
from lamina.train.loop.loop import Loop
from lamina.train.loop.plan import make_program
from lamina.train.safeguard.checkpoint import Checkpoints

CONFIG = TrainConfig(epochs=4, lr=0.01, batch_size=16, optimizer="adam")


def rows(count: int = 100, seed: int = 0):
    random = np.random.default_rng(seed)
    labels = random.integers(3, size=count)
    x = random.normal(size=(count, 4)) + 1.5 * np.eye(4)[labels]
    return {"x": x.astype(np.float32), "y": labels.astype(np.int32), "weight": np.ones(count, np.float32)}


def run(config=CONFIG, *, name="mlp", data=None, valid=None, **keys):
    model = build(name, inputs=(4,), outputs=3, size=8, seed=0, **keys.pop("options", {"dropout": 0.2}))
    return train(model, MulticlassObjective(3), data or rows(), valid, config=config, **keys)


def same_bits(a, b) -> bool:
    first, second = named_arrays(a.model), named_arrays(b.model)
    return all(first[path].tobytes() == second[path].tobytes() for path in first)


def replaced(**keys) -> TrainConfig:
    return dataclasses.replace(CONFIG, **keys)


def test_same_seed_same_bits_other_seed_other_bits():
    assert same_bits(run(), run())
    assert not same_bits(run(), run(replaced(seed=1)))


@pytest.mark.parametrize(
    "keys", [{"chunk": 3}, {"chunk": 2}, {"device_memory": 0.0}, {"device_memory": 0.0, "chunk": 2}]
)
def test_chunks_and_streaming_change_no_bit(keys):
    assert same_bits(run(), run(replaced(**keys)))


def test_accumulation_is_the_whole_batch():
    whole = run(options={"dropout": 0.0})
    parts = run(replaced(accumulate=4), options={"dropout": 0.0})
    for path, array in named_arrays(whole.model).items():
        np.testing.assert_allclose(array, named_arrays(parts.model)[path], rtol=2e-3, atol=2e-5)


def test_weights_are_counts():
    """A row of weight two is two rows."""
    data = rows(16)
    heavy = {**data, "weight": np.r_[np.full(8, 2.0), np.zeros(8)].astype(np.float32)}
    twice = {name: np.concatenate([array[:8], array[:8]]) for name, array in data.items()}
    config = replaced(epochs=3, optimizer="sgd")
    a = run(config, data=heavy, options={"dropout": 0.0})
    b = run(config, data=twice, options={"dropout": 0.0})
    for path, array in named_arrays(a.model).items():
        np.testing.assert_allclose(array, named_arrays(b.model)[path], rtol=1e-4, atol=1e-6)


def test_the_best_epoch_is_kept():
    valid = rows(60, seed=1)
    result = run(replaced(epochs=30, lr=0.1, patience=5), valid=valid)
    losses = result.history["valid_loss"]
    assert result.ended == "early stopping"
    assert result.best_epoch == int(np.argmin(losses)) + 1
    assert len(losses) == result.best_epoch + 5
    sums = jax.jit(lambda model, data: MulticlassObjective(3).evaluate(model, data, key=None))(
        result.model, valid
    )
    assert float(sums["loss"] / sums["weight"]) == pytest.approx(min(losses), rel=1e-4)


def test_without_early_stopping_the_last_weights_stay():
    result = run(replaced(epochs=6, lr=0.3, early_stopping=False), valid=rows(60, seed=1))
    assert (result.best_epoch, result.ended) == (6, "epochs")


def test_plateau_lowers_the_rate():
    result = run(
        replaced(epochs=12, lr=0.5, schedule="plateau", plateau_patience=2, patience=50),
        valid=rows(60, seed=1),
    )
    assert result.history["lr"][-1] < result.history["lr"][0]


def test_average_of_weights_is_what_is_evaluated_and_kept():
    plain, averaged = run(), run(replaced(ema=0.9))
    assert not same_bits(plain, averaged)
    np.testing.assert_array_equal(plain.state.model.head.weight, averaged.state.model.head.weight)


def test_steps_that_are_not_finite_are_skipped():
    data = rows(7 * 16)
    data["x"][:1] = np.nan
    result = run(replaced(epochs=2), data=data)
    assert result.skipped == 2
    assert all(np.isfinite(array).all() for array in named_arrays(result.model).values())


def test_a_run_that_is_never_finite_stops_and_says_why():
    data = rows()
    data["x"][:] = np.inf
    with pytest.raises(RunError, match="steps in a row had a loss or gradient that is not finite"):
        run(replaced(epochs=20), data=data)


def test_clip_bounds_the_step():
    config = replaced(optimizer="sgd", lr=1.0, epochs=1, batch_size=100, clip=0.01, early_stopping=False)
    result = run(config, options={"dropout": 0.0})
    before = build("mlp", inputs=(4,), outputs=3, size=8, seed=0)
    moved = sum(
        ((a - b) ** 2).sum()
        for a, b in zip(named_arrays(before).values(), named_arrays(result.model).values(), strict=True)
    )
    assert np.sqrt(moved) == pytest.approx(0.01, rel=1e-3)


def test_no_epochs_gives_the_model_as_it_was_built():
    result = run(replaced(epochs=0))
    np.testing.assert_array_equal(
        result.model.head.weight, build("mlp", inputs=(4,), outputs=3, size=8, seed=0).head.weight
    )


class Recorder(Callback):
    def __init__(self):
        self.events = []

    def on_train_begin(self, run):
        self.events.append("begin")

    def on_epoch_begin(self, epoch, run):
        self.events.append(f"epoch {epoch}")

    def on_chunk_end(self, step, run):
        self.events.append(f"step {step}")

    def on_epoch_end(self, epoch, logs, run):
        self.events.append(sorted(logs))
        if epoch == 2:
            run.stop("enough")

    def on_train_end(self, run):
        self.events.append("end")


def test_callbacks_are_called_in_order_and_may_stop():
    recorder = Recorder()
    result = run(replaced(chunk=4), valid=rows(60), callbacks=[recorder])
    logs = ["lr", "seconds", "train_loss", "valid_accuracy", "valid_loss"]
    one = ["step 4", "step 7", logs]
    assert recorder.events == ["begin", "epoch 1", *one, "epoch 2", "step 11", "step 14", logs, "end"]
    assert (result.ended, result.epochs) == ("enough", 2)


def test_callbacks_of_keras_names():
    result = run(replaced(epochs=50, lr=1.0), valid=rows(60, seed=1), callbacks=[EarlyStopping(patience=2)])
    assert "did not improve for 2 epochs" in result.ended
    config = replaced(epochs=8, lr=1.0, early_stopping=False)
    lowered = run(config, valid=rows(60, seed=1), callbacks=[ReduceLROnPlateau(factor=0.1, patience=1)])
    assert lowered.history["lr"][-1] < 1.0


@pytest.mark.parametrize("optimizer", ["adam", "muon", pytest.param("schedule-free", marks=pytest.mark.slow)])
@pytest.mark.parametrize("name, stop_at", [("mlp", 2), ("resnet-tabular", 5), ("tabm-mini", 9)])
def test_a_resumed_run_ends_with_the_same_bits(tmp_path, name, stop_at, optimizer):
    config = replaced(chunk=3, ema=0.5, optimizer=optimizer, schedule="cosine")
    valid, calls = rows(30, seed=1), []

    def stop():
        calls.append(1)
        return "interrupted" if len(calls) == stop_at else None

    whole = run(config, name=name, valid=valid)
    part = run(config, name=name, valid=valid, should_stop=stop)
    assert part.steps < whole.steps
    checkpoints = Checkpoints(tmp_path / "checkpoints")
    checkpoints.write(part.snapshot)
    resumed = run(config, name=name, valid=valid, resume=checkpoints.latest())
    assert same_bits(whole, resumed)
    assert resumed.history["valid_loss"] == whole.history["valid_loss"]
    assert resumed.best_epoch == whole.best_epoch


def test_taking_up_a_run_compiles_nothing_for_its_arrays():
    model, task = build("mlp", inputs=(4,), outputs=3, size=11), MulticlassObjective(3)  # a size of its own
    stopped = train(model, task, rows(), config=CONFIG, should_stop=lambda: "interrupted")
    program = make_program(task, CONFIG)
    loop = Loop(lambda hyper: SingleEngine(model, program, CONFIG, hyper), rows(), None, CONFIG)
    before = compile_counter().seconds
    loop.restore(stopped.snapshot)
    assert compile_counter().seconds == before


spoiled = jax.jit(lambda model: jax.tree.map(lambda array: array * jnp.nan, model))


class Spoil(Callback):
    """Make the weights NaN after some step, the first time the run comes there."""

    def __init__(self, at: int):
        self.at = at

    def on_chunk_end(self, step, run):
        if step == self.at and run.rollback.count == 0:
            run.state = run.state._replace(model=spoiled(run.state.model))


@pytest.mark.parametrize("stop_at", [2, 8, 11])
def test_a_resumed_run_goes_back_to_the_same_good_state(tmp_path, stop_at):
    """Also where that state is older than the checkpoint it was resumed from."""
    config, calls = replaced(chunk=1, finite_patience=2), iter(range(1, 999))
    whole = run(config, callbacks=[Spoil(9)])
    part = run(
        config,
        callbacks=[Spoil(9)],
        should_stop=lambda: "interrupted" if next(calls) == stop_at else None,
    )
    assert whole.steps > part.steps
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(part.snapshot)
    resumed = run(config, callbacks=[Spoil(9)], resume=checkpoints.latest())
    assert same_bits(whole, resumed) and resumed.history["lr"] == whole.history["lr"]
    assert min(whole.history["lr"]) == pytest.approx(config.lr / 2)  # it did go back


def test_checkpoints_that_the_run_went_back_behind_are_dropped(tmp_path):
    """They would be taken for the newest, and those that are written now for the oldest."""
    checkpoints = Checkpoints(tmp_path, keep=2)
    run(callbacks=[checkpoints])
    assert checkpoints.latest().place["step"] == 28
    earlier = run(replaced(chunk=1), should_stop=lambda: "interrupted").snapshot
    checkpoints.write(earlier)
    assert [path.name for path in tmp_path.iterdir()] == ["step-000000001"]


def test_checkpoints_keep_the_newest_and_pass_over_the_damaged(tmp_path):
    checkpoints = Checkpoints(tmp_path / "checkpoints", every=1, keep=2)
    run(callbacks=[checkpoints])
    found = sorted((tmp_path / "checkpoints").iterdir())
    assert len(found) == 2 and found[-1].name == "step-000000028"  # while one is written none begins
    (found[-1] / "state.safetensors").write_bytes(b"torn")
    said = []
    assert checkpoints.latest(warn=said.append).place["step"] == int(found[0].name[5:])
    assert "passed over" in said[0]


def test_a_checkpoint_of_other_data_is_refused(tmp_path):
    run(callbacks=[Checkpoints(tmp_path, fingerprint={"data": "one"})])
    with pytest.raises(ConfigError, match="data changed since the checkpoint"):
        Checkpoints(tmp_path, fingerprint={"data": "two"}).latest()


def test_a_checkpoint_of_another_model_is_refused(tmp_path):
    checkpoints = Checkpoints(tmp_path)
    run(callbacks=[checkpoints])
    with pytest.raises(ArtifactError):
        run(name="resnet-tabular", resume=checkpoints.latest())


def test_a_part_of_a_model_is_trained_as_one_of_its_own():
    class Whole(Module):
        part: Module

        def __init__(self, part: Module):
            self.part = part

    part = Sequential([Linear(4, 6, key=0), BatchNorm(6), Linear(6, 3, key=1)])
    alone = train(part, MulticlassObjective(3), rows(), config=replaced(epochs=2))
    inside = train(Whole(part).part, MulticlassObjective(3), rows(), config=replaced(epochs=2))
    assert same_bits(alone, inside)
    means = [array for path, array in named_arrays(inside.model).items() if path.endswith("running_mean")]
    assert means and all(np.abs(mean).max() > 0 for mean in means), "statistics find their way back"


def test_statistics_without_a_place_are_refused():
    class Careless(Module):
        layer: Linear

        def __init__(self):
            self.layer = Linear(4, 3, key=0)

        def __call__(self, x: Any, *, key: Any = None, train: bool = False) -> Any:
            y = self.layer(x)
            self.tap("running_mean", jax.lax.stop_gradient(y.mean(0)))
            return y

    with pytest.raises(ConfigError, match=r"running_mean: running statistics have no place .* buffer"):
        train(Careless(), MulticlassObjective(3), rows(), config=replaced(epochs=1))


@pytest.fixture(params=["whole", "in shards"])
def shards(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Train populations as one, and in shards of two members."""
    if request.param == "in shards":
        monkeypatch.setattr("lamina.train.loop.engine.LEAST_MEMBERS", 2)


@pytest.mark.usefixtures("shards")
def test_population_equals_one_by_one():
    seeds, valid = range(4), rows(40, seed=1)
    models = [build("mlp", inputs=(4,), outputs=3, size=8, seed=s, dropout=0.2) for s in seeds]
    config = replaced(epochs=8, patience=2)
    together = train_population(models, MulticlassObjective(3), rows(), valid, config=config, seeds=seeds)
    for seed, model, member in zip(seeds, models, together, strict=True):
        alone = train(
            model, MulticlassObjective(3), rows(), valid, config=dataclasses.replace(config, seed=seed)
        )
        assert member.best_epoch == alone.best_epoch
        for path, array in named_arrays(alone.model).items():
            np.testing.assert_allclose(named_arrays(member.model)[path], array, atol=1e-5)


def test_population_sweeps_rates_over_shared_batches():
    models = [build("mlp", inputs=(4,), outputs=3, size=8, seed=0)] * 2
    slow, fast = train_population(
        models, MulticlassObjective(3), rows(), config=CONFIG, sweep={"lr": [1e-5, 1e-2]}
    )
    alone = run(replaced(lr=1e-2), options={"dropout": 0.0})
    np.testing.assert_allclose(fast.model.head.weight, alone.model.head.weight, atol=1e-5)
    assert slow.history["train_loss"][-1] > fast.history["train_loss"][-1]


@pytest.mark.usefixtures("shards")
def test_an_interrupted_population_ends_with_the_same_bits(tmp_path):
    models = [build("mlp", inputs=(4,), outputs=3, size=8, seed=seed, dropout=0.2) for seed in range(4)]
    keys = {"config": replaced(chunk=3, ema=0.9, patience=2), "seeds": [4, 5, 6, 7]}
    valid = rows(40, seed=1)
    whole = train_population(models, MulticlassObjective(3), rows(), valid, **keys)
    chunks = iter(range(100))
    stopped = train_population(
        models, MulticlassObjective(3), rows(), valid, **keys,
        should_stop=lambda: "interrupted" if next(chunks) == 4 else None,
    )  # fmt: skip
    Checkpoints(tmp_path).write(stopped[0].snapshot)
    resumed = train_population(
        models, MulticlassObjective(3), rows(), valid, **keys, resume=Checkpoints(tmp_path).latest()
    )
    for one, other in zip(whole, resumed, strict=True):
        assert same_bits(one, other)
        assert one.history["train_loss"] == other.history["train_loss"]


def test_population_refuses_what_cannot_be_swept():
    models = [build("mlp", inputs=(4,), outputs=3, size=8, seed=0)] * 2
    with pytest.raises(ConfigError, match="'epochs' cannot be swept"):
        train_population(models, MulticlassObjective(3), rows(), sweep={"epochs": [1, 2]})
    with pytest.raises(ConfigError, match="one value a member"):
        train_population(models, MulticlassObjective(3), rows(), sweep={"lr": [1.0]})
