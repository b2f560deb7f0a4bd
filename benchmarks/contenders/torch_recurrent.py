"""Steps of a recurrent layer in PyTorch; options: data, kind, steps, variant, threads, matmul, mode."""

from __future__ import annotations

import time

from benchmarks import datasets, worker

LR = 0.1
PARAMETERS = ("weight_ih", "weight_hh", "bias_ih", "bias_hh")


def main() -> None:
    import torch

    from benchmarks.contenders import torch_steps

    channel, options = worker.Channel(), worker.options()
    torch_steps.settle(
        options["threads"], matmul=options["matmul"] if options["mode"] == "race" else "highest"
    )
    data = {name: torch.from_numpy(array) for name, array in datasets.load(options["data"]).items()}
    is_batch_first = options["variant"] == "batch first"
    x, goal = (
        data[name] if is_batch_first else data[name].transpose(0, 1).contiguous() for name in ("x", "goal")
    )
    layer = getattr(torch.nn, options["kind"])(x.shape[-1], goal.shape[-1], batch_first=is_batch_first)
    with torch.no_grad():
        for name in PARAMETERS:
            getattr(layer, f"{name}_l0").copy_(data[name])
    x.requires_grad_(True)
    optimizer = torch.optim.SGD([x, *layer.parameters()], lr=LR, fused=True)

    def step() -> None:
        loss = torch.nn.functional.mse_loss(layer(x)[0], goal)
        optimizer.zero_grad(set_to_none=True)
        loss.backward()
        optimizer.step()

    channel.send(versions=worker.versions("torch"))
    channel.receive()
    if options["mode"] == "quality":
        for _ in range(options["steps"]):
            step()
        channel.send(loss=torch.nn.functional.mse_loss(layer(x)[0], goal).item())
        return
    while True:
        began = time.perf_counter()
        for _ in range(options["steps"]):
            step()
        channel.send(seconds=time.perf_counter() - began)
        channel.receive()


if __name__ == "__main__":
    main()
