"""The convolutional network of the rows of images in Keras on JAX; options as of `torch_images`."""

from __future__ import annotations

import os
import time
from collections.abc import Mapping
from typing import Any

os.environ["KERAS_BACKEND"] = "jax"

import keras
import numpy as np
from keras import layers

from benchmarks import datasets, worker


def network(shape: Mapping[str, Any], weights: Mapping[str, np.ndarray]) -> keras.Model:
    """Return the network with Lamina's initial weights, whose axes are turned to Keras's order."""
    parts, channels = [layers.Input((shape["side"], shape["side"], shape["colors"]))], shape["channels"]
    for width in channels:
        parts += [layers.Conv2D(width, 3, padding="same", use_bias=False, data_format="channels_last")]
        parts += [layers.BatchNormalization(momentum=0.9, epsilon=1e-5), layers.ReLU()]
        parts += [layers.MaxPooling2D(2)] if width != channels[-1] else []
    model = keras.Sequential([*parts, layers.GlobalAveragePooling2D(), layers.Dense(10, dtype="float32")])
    arrays = []
    for index in range(len(channels)):
        arrays.append(weights[f"stages.{index}.conv.weight"].transpose(2, 3, 1, 0))
        names = ("weight", "bias", "running_mean", "running_var")
        arrays += [weights[f"stages.{index}.norm.{name}"] for name in names]
    model.set_weights([*arrays, weights["head.weight"].T, weights["head.bias"]])
    return model


def compiled(model: keras.Model, recipe: Mapping[str, Any], steps: int, *, falls_over: int) -> keras.Model:
    """Return the model ready to train; its rate falls to zero over so many steps, over none it stays."""
    falling = keras.optimizers.schedules.PolynomialDecay(recipe["lr"], max(1, falls_over), 0.0)
    model.compile(
        optimizer=keras.optimizers.SGD(falling if falls_over else recipe["lr"], momentum=0.9),
        loss=keras.losses.SparseCategoricalCrossentropy(from_logits=True),
        jit_compile=True,
        steps_per_execution=steps,
    )
    return model


def main() -> None:
    channel, chosen = worker.Channel(), worker.options()
    worker.keep_memory()
    if chosen["precision"] == "bfloat16":
        keras.mixed_precision.set_global_policy("mixed_bfloat16")
    data, batch = datasets.load(f"{chosen['folder']}/data.npz"), chosen["recipe"]["batch_size"]

    def fresh(seed: int, falls_over: int = 0) -> keras.Model:
        keras.utils.set_random_seed(seed)
        weights = datasets.load(f"{chosen['folder']}/weights-{seed}.npz")
        model = network(chosen["shape"], weights)
        return compiled(model, chosen["recipe"], chosen["steps"], falls_over=falls_over)

    channel.send(versions=worker.versions("keras", "jax"))
    if chosen["mode"] == "race":
        model = fresh(0)
        while True:
            channel.receive()
            began = time.perf_counter()
            model.fit(data["x_turn"], data["y_turn"], batch_size=batch, epochs=1, verbose=0)
            channel.send(seconds=time.perf_counter() - began)
    channel.receive()
    found = []
    for seed in chosen["seeds"]:
        model = fresh(seed, chosen["epochs"] * -(-len(data["x_train"]) // batch))
        model.fit(data["x_train"], data["y_train"], batch_size=batch, epochs=chosen["epochs"], verbose=0)
        guessed = model.predict(data["x_test"], batch_size=250, verbose=0).argmax(-1)
        found.append(float((guessed == data["y_test"]).mean()))
    channel.send(quality=found, parameters=sum(int(np.prod(w.shape)) for w in model.trainable_weights))


if __name__ == "__main__":
    main()
