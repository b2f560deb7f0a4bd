"""A process that traces and compiles one model's training step, runs nothing; options: JSON."""

import json
import sys
import time

import jax
import jax.numpy as jnp

from benchmarks import worker
from lamina.core import runtime
from lamina.core.random import make_key
from lamina.core.tree import parameter_count
from lamina.models import build
from lamina.objectives import MulticlassObjective
from lamina.ops.native import library
from lamina.train import TrainConfig
from lamina.train.loop.feed import round_up
from lamina.train.loop.plan import make_hyper, make_program
from lamina.train.step.compiled import jit_chunk, jit_first_state

chosen = json.loads(sys.argv[1])
marks = [(time.perf_counter(), time.process_time())]
seconds: dict[str, float] = {}
cpu_seconds: dict[str, float] = {}  # of all threads


def mark(name: str) -> None:
    """Note the seconds since the last mark."""
    marks.append((time.perf_counter(), time.process_time()))
    seconds[name], cpu_seconds[name] = (now - then for now, then in zip(*marks[:-3:-1], strict=True))


runtime.start()
for source in library.KERNELS:
    library.types_of(source)
mark("kernels")
side, batch = chosen["side"], chosen["batch"]
model = build(chosen["model"], inputs=(side, side, 3), outputs=10, size=chosen["size"])
config = TrainConfig(batch_size=batch, optimizer=chosen["optimizer"], precision=chosen["precision"])
program, hyper = make_program(MulticlassObjective(10), config), make_hyper(config, total_steps=1000)
mark("build")
state = jax.eval_shape(lambda *a: jit_first_state(program, *a, hyper, False), model, make_key(0))
rows = {
    "x": jax.ShapeDtypeStruct((round_up(1000), side, side, 3), jnp.float32),
    "y": jax.ShapeDtypeStruct((round_up(1000),), jnp.int32),
    "weight": jax.ShapeDtypeStruct((round_up(1000),), jnp.float32),
}
order = jax.ShapeDtypeStruct((32, batch), jnp.int32)
mark("state")
traced = jit_chunk.trace(program, state, rows, order, order, jnp.int32(1), hyper)
mark("trace")
lowered = traced.lower()
mark("lower")
compiled = lowered.compile()
mark("compile")
print(
    json.dumps(
        {
            "seconds": seconds,
            "cpu_seconds": cpu_seconds,
            "lines": lowered.as_text().count("\n"),
            "parameters": parameter_count(model),
            "versions": worker.versions("jax", "jaxlib"),
        }
    )
)
