"""A process that trains on digits with PyTorch and ends; arguments: JSON with data, epochs, threads."""

import json
import sys

import numpy as np
import torch
from torch import nn

chosen = json.loads(sys.argv[1])
with np.load(chosen["data"], allow_pickle=False) as data:
    x, y, x_test, y_test = (
        torch.from_numpy(data[name]) for name in ("x_train", "y_train", "x_test", "y_test")
    )
torch.manual_seed(chosen["seed"])
torch.set_num_threads(chosen["threads"])
network = nn.Sequential(nn.Linear(64, 100), nn.ReLU(), nn.Linear(100, 10))
optimizer = torch.optim.Adam(network.parameters(), lr=1e-3, fused=True)
for _ in range(chosen["epochs"]):
    for rows in torch.randperm(len(x)).split(200):
        loss = nn.functional.cross_entropy(network(x[rows]), y[rows])
        loss.backward()
        optimizer.step()
        optimizer.zero_grad()
with torch.no_grad():
    accuracy = (network(x_test).argmax(-1) == y_test).float().mean().item()
print(json.dumps({"accuracy": accuracy}))
