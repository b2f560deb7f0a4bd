"""Everything that is decided before the first step."""

from __future__ import annotations

import dataclasses
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from lamina.core import random
from lamina.core.inputs import Inputs
from lamina.core.module import Module
from lamina.data.audit import Audit
from lamina.data.schema import Schema
from lamina.data.split import Split
from lamina.data.table import AbstractTable
from lamina.modalities.base import Choice
from lamina.modalities.blocks import Encoders
from lamina.network.build import build_model
from lamina.network.keys import Config
from lamina.objectives.base import AbstractObjective
from lamina.tasks.base import AbstractTarget, AbstractTask, Examples
from lamina.tasks.guide import wanted

Fold = tuple[np.ndarray, np.ndarray]


@dataclass(frozen=True)
class Data:
    """The data of a run and who plays which role.

    Args:
        table: the data, claimed.
        audit: what was found.
        schema: columns and their roles.
        split: which rows train, validate, test.
        folds: rows that train and rows that validate, one pair a model.
        test_table: test data of their own, or None.
        split_rule: how the rows were split, where the task decided, for a person to read.
    """

    table: AbstractTable
    audit: Audit
    schema: Schema
    split: Split
    folds: tuple[Fold, ...]
    test_table: AbstractTable | None = None
    split_rule: str = ""

    @property
    def is_repeated(self) -> bool:
        """Whether every network has the same validation rows, so that none of them learned from these."""
        return all(valid is self.folds[0][1] for _, valid in self.folds)

    @property
    def valid_rows(self) -> np.ndarray:
        """The validation rows, fold after fold."""
        if self.is_repeated:
            return self.folds[0][1]
        return np.concatenate([rows for _, rows in self.folds])

    @property
    def learning_rows(self) -> np.ndarray:
        """Rows from which anything is learned: those of validation too, where folds take turns."""
        return self.split.train if self.is_repeated else learning_rows(self.split)


def learning_rows(split: Split) -> np.ndarray:
    """Return the rows that train or validate, sorted."""
    return np.sort(np.concatenate([split.train, split.valid]))


@dataclass(frozen=True)
class Coding:
    """How rows become arrays and outputs become predictions.

    Args:
        task: what is asked for.
        encoder: rows → inputs.
        target: rows → targets, and outputs back.
        objective: what gradient descent minimizes.
        augment: random changes of training examples, or None.
    """

    task: AbstractTask
    encoder: Encoders
    target: AbstractTarget
    objective: AbstractObjective
    augment: Any = None

    @property
    def inputs(self) -> Inputs:
        """What a model is told about its inputs."""
        return self.task.guide.inputs(self.encoder.inputs, self.target)


@dataclass(frozen=True)
class Plan:
    """Everything that is decided before the first step.

    Args:
        data: table, audit, roles, split and folds.
        coding: task, encoders, target and objective.
        config: every key, resolved.
        choice: model and why.
        options: what the architecture is built with.
        models: the untrained models, one a fold.
    """

    data: Data
    coding: Coding
    config: Config
    choice: Choice
    options: Mapping[str, Any]
    models: tuple[Module, ...]

    @property
    def variants(self) -> tuple[Mapping[str, Any], ...]:
        """Options to try on the first fold; the best serves the others."""
        return self.choice.variants

    @property
    def trainings(self) -> int:
        """How many times a network is trained: every variant once, then the other folds."""
        return len(self.data.folds) + len(self.variants) - 1

    def model(self, fold: int, variant: Mapping[str, Any]) -> Module:
        """Return the untrained model of a fold with the options of a variant."""
        if not variant:
            return self.models[fold]
        return make_models(self.choice.model, self.coding, {**self.options, **variant}, self.config)[fold]

    def with_options(self, variant: Mapping[str, Any]) -> Plan:
        """Return the same with the options of a variant written into options and config."""
        config = dataclasses.replace(self.config, model={**self.config.model, **variant})
        return dataclasses.replace(self, options={**self.options, **variant}, config=config)

    def examples(self, rows: np.ndarray) -> Examples:
        """Return encoded inputs, targets and weights of some rows."""
        data, coding = self.data, self.coding
        return coding.task.examples(data.table, data.schema, coding.encoder, coding.target, rows)

    def validation_examples(self, rows: np.ndarray) -> Examples:
        """Return the examples of validation rows that are evaluated after each epoch."""
        return self.coding.task.examiner.watched(self.examples(rows))

    def training_examples(self, rows: np.ndarray) -> Examples:
        """Return training examples, weighted as the task's keys ask, all weights scaled to mean one."""
        return of_mean_one(
            self.coding.task.weighted(self.examples(rows), self.coding.target, self.config.task)
        )


def of_mean_one(examples: Examples) -> Examples:
    """Return training examples with all weights scaled to mean one, so that a rate suits any weights.

    Args:
        examples: ``{"x", "y", "weight"}``.
    """
    weight = examples.arrays["weight"]
    weight = weight / max(float(weight.mean()), 1e-12)
    return dataclasses.replace(examples, arrays={**examples.arrays, "weight": weight})


def make_models(name: str, coding: Coding, options: Mapping[str, Any], config: Config) -> tuple[Module, ...]:
    """Return the untrained models of an architecture, one a fold.

    Args:
        name: of the architecture.
        coding: inputs and objective.
        options: of the architecture.
        config: seed and number of folds.
    """
    single = {option: value for option, value in options.items() if option != "folds"}
    keys = random.split(random.fold_in(random.make_key(config.training.seed), 1), config.run.folds or 1)
    wants, outputs = wanted(coding.task, coding.target), coding.objective.out_features
    return tuple(build_model(name, coding.inputs, outputs, single, key, wants=wants) for key in keys)
