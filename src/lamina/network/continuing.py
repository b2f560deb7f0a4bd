"""Going on from a trained network: with its encoders and classes, from its weights."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from typing import Any

import numpy as np

from lamina.core.errors import ConfigError, DataError
from lamina.core.keys import make_keys
from lamina.core.module import Module
from lamina.data.table import AbstractTable
from lamina.models import MODELS
from lamina.network.network import Network
from lamina.network.plan import Plan, of_mean_one
from lamina.nn.ensemble import Ensemble
from lamina.train.config import TrainConfig
from lamina.train.loop.train import train

_ROLES = ("weight", "group", "time", "split")


def going_on(plan: Plan, network: Network, given: Mapping[str, Any]) -> Plan:
    """Return a plan that begins where a network ended: with its columns, encoders, targets and weights.

    Args:
        plan: for the new data, of the same architecture and as many folds.
        network: trained before, its targets as the data of the plan have them.
        given: keys that were asked for.

    Raises:
        DataError: the targets are others.
        ConfigError: a key asks for another architecture, or for more outputs.
    """
    _check_same(plan, network, given)
    roles = {name: getattr(plan.data.schema, name) for name in _ROLES}
    data = dataclasses.replace(plan.data, schema=dataclasses.replace(network.schema, **roles))
    encoder, target = network.encoder, network.target
    objective = network.task.objective(encoder.inputs, target, plan.config.task)
    coding = dataclasses.replace(plan.coding, encoder=encoder, target=target, objective=objective)
    options = {name: value for name, value in network.options.items() if name in _own_options(network)}
    run = dataclasses.replace(plan.config.run, members=network.options.get("members"))
    config = dataclasses.replace(plan.config, run=run, model=options)
    reason = "it goes on from the network that was trained before"
    choice = dataclasses.replace(plan.choice, variants=({},), reason=reason)
    return Plan(data, coding, config, choice, network.options, models_of(network))


def _own_options(network: Network) -> set[str]:
    """Return the options of the architecture itself, none of a model of one's own."""
    return {"size", *MODELS[network.model_name].options} if network.model_name in MODELS else set()


def _check_same(plan: Plan, network: Network, given: Mapping[str, Any]) -> None:
    """Refuse targets, outputs or options that are not those of the network."""
    if plan.data.schema.task != network.task.name or plan.data.schema.targets != network.schema.targets:
        raise DataError(
            "the targets are not those of the network that training is to go on from",
            expected=f"{network.task.name} of {', '.join(network.schema.targets)}",
            received=f"{plan.data.schema.task} of {', '.join(plan.data.schema.targets)}",
        )
    wanted = {name: plan.options.get(name) for name in given if name in network.options}
    for name, value in wanted.items():
        if value != network.options[name]:
            raise ConfigError(
                f"{name} is not that of the network that training is to go on from",
                expected=network.options[name],
                received=value,
                fix=f"leave {name} as it was, or train anew",
            )
    outputs = plan.coding.objective.out_features, network.objective.out_features
    if outputs[0] != outputs[1]:
        message = "the network that training is to go on from has other outputs"
        raise ConfigError(message, expected=outputs[1], received=outputs[0], fix="train anew")


def models_of(network: Network) -> tuple[Module, ...]:
    """Return the models that were trained one after another: one a fold.

    Args:
        network: trained.
    """
    model = network.model
    folds = int(network.options.get("folds", 1))
    if folds == 1 or not isinstance(model, Ensemble):
        return (model,)
    import jax

    return tuple(jax.tree.map(lambda array, at=i: array[at], model.model) for i in range(folds))


def trained_on(
    network: Network, table: AbstractTable, *, weight: str | None, keys: Mapping[str, Any]
) -> Network:
    """Return the network trained further on some rows; its encoders and targets stay as they are.

    Args:
        network: trained or not; not changed.
        table: columns as the network learned from, and targets; every row is trained on.
        weight: the column of weights, or None.
        keys: keys of training that differ from those of the network: ``epochs``, ``lr`` …

    Raises:
        DataError: a column is absent, or a label is one that the network does not know.
        RunError: the loss stayed not finite.
    """
    schema, rows = dataclasses.replace(network.schema, weight=weight), np.arange(table.height)
    examples = network.task.examples(table, schema, network.encoder, network.target, rows)
    keys_of_task = _keys(network.task.keys, network.config)
    arrays = of_mean_one(network.task.weighted(examples, network.target, keys_of_task)).arrays
    config = _keys(TrainConfig, {**network.config, **keys})
    results = [
        train(model, network.objective, arrays, config=dataclasses.replace(config, seed=config.seed + fold))
        for fold, model in enumerate(models_of(network))
    ]
    info, first = network.info, results[0]
    info = dataclasses.replace(
        info,
        epochs=info.epochs + first.epochs,
        best_epoch=info.epochs + first.best_epoch,
        steps=info.steps + sum(result.steps for result in results),
        skipped_steps=info.skipped_steps + sum(result.skipped for result in results),
        ended=first.ended,
    )
    losses = [*network.history.get("train_loss", []), *first.history["train_loss"]]
    model = first.model if len(results) == 1 else Ensemble([result.model for result in results])
    history = {"train_loss": losses}
    return dataclasses.replace(network, model=model, info=info, history=history)


def _keys(kind: type, flat: Mapping[str, Any]) -> Any:
    """Return the keys of one owner among flat ones."""
    names = {field.name for field in dataclasses.fields(kind)}
    return make_keys(kind, {name: value for name, value in flat.items() if name in names})
