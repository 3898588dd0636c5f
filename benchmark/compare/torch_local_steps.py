# Copyright (c) 2026 The localsgd authors
# SPDX-License-Identifier: BSL-1.0
"""What a local step and a round of PyTorch's post-local SGD cost: logistic regression on dense
rows, d = 300, two processes that average with gloo. Beside local_steps.cpp.

usage: torch_local_steps.py BATCH_SIZE
Prints JSON: microseconds a local step, milliseconds a round.
"""

import json
import os
import sys
import tempfile
import time

import torch
import torch.distributed as dist
import torch.multiprocessing as mp
from torch.distributed.algorithms.model_averaging.averagers import PeriodicModelAverager

N, D, STEPS, ROUNDS = 10000, 300, 3000, 1000


def member(rank, file, batch_size, answers):
    torch.set_num_threads(1)
    torch.manual_seed(rank)
    dist.init_process_group("gloo", init_method="file://" + file, rank=rank, world_size=2)
    features = 2 * torch.rand(N, D) - 1
    targets = (features[:, :1] > 0).float()
    model = torch.nn.Linear(D, 1, bias=False)
    loss = torch.nn.BCEWithLogitsLoss()
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    averager = PeriodicModelAverager(period=1, warmup_steps=0)
    batches = torch.randint(N, (STEPS, batch_size))

    def steps(count):
        for t in range(count):
            rows = batches[t]
            optimizer.zero_grad()
            loss(model(features[rows]), targets[rows]).backward()
            optimizer.step()

    def rounds(count):
        for _ in range(count):
            averager.average_parameters(model.parameters())

    def timed(work, count):
        work(count // 10)  # warm
        dist.barrier()
        start = time.perf_counter()
        work(count)
        return (time.perf_counter() - start) / count

    step, a_round = timed(steps, STEPS), timed(rounds, ROUNDS)
    if rank == 0:
        answers.put((step, a_round))
    dist.barrier()
    dist.destroy_process_group()


def main():
    context = mp.get_context("spawn")
    answers = context.SimpleQueue()
    with tempfile.TemporaryDirectory() as folder:
        file = os.path.join(folder, "meeting")
        mp.spawn(member, args=(file, int(sys.argv[1]), answers), nprocs=2)
    step, a_round = answers.get()
    print(json.dumps({"us_step": 1e6 * step, "ms_round": 1e3 * a_round}))


if __name__ == "__main__":
    main()
