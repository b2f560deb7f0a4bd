"""A process that trains on MNIST with PyTorch until the test accuracy is reached; options: JSON."""

import json
import sys
import time

import torch
from torch import nn

from benchmarks import datasets, worker
from benchmarks.contenders.torch_networks import conv_net

chosen = json.loads(sys.argv[1])
EVALUATED = 1000  # images at once
worker.keep_memory()
torch.set_num_threads(chosen["threads"])
torch.set_float32_matmul_precision("medium")
torch.manual_seed(chosen["seed"])


def accuracy(network: nn.Module, x: torch.Tensor, y: torch.Tensor) -> float:
    network.eval()
    with torch.no_grad():
        parts = [network(part.permute(0, 3, 1, 2)).argmax(-1) for part in x.split(EVALUATED)]
    network.train()
    return (torch.cat(parts) == y).float().mean().item()


data = datasets.load(chosen["data"])
x, x_test = (torch.from_numpy(datasets.standardized_digits(data[name])) for name in ("x_train", "x_test"))
y, y_test = (torch.from_numpy(data[name]) for name in ("y_train", "y_test"))
network = conv_net(chosen["shape"])
network = network.to(memory_format=torch.channels_last)
optimizer = torch.optim.Adam(network.parameters(), lr=chosen["lr"], fused=True)


def loss_of(x: torch.Tensor, y: torch.Tensor) -> torch.Tensor:
    return nn.functional.cross_entropy(network(x), y)


loss_function = torch.compile(loss_of, fullgraph=True, dynamic=False) if chosen["compiled"] else loss_of
total, step, found = chosen["epochs"] * (len(x) // chosen["batch_size"]), 0, []
while step < total and not (found and found[-1][1] >= chosen["enough"]):
    for rows in torch.randperm(len(x)).split(chosen["batch_size"]):
        optimizer.param_groups[0]["lr"] = chosen["lr"] * (1 - step / total)
        batch = x.index_select(0, rows).permute(0, 3, 1, 2)
        loss_function(batch, y.index_select(0, rows)).backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=True)
        step += 1
        if step % chosen["every"] == 0:
            found.append((step, accuracy(network, x_test, y_test), time.time() - chosen["began"]))
            if found[-1][1] >= chosen["enough"]:
                break
print(json.dumps({"found": found}))
