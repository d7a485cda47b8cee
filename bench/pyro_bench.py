"""Measures Pyro's parameter store. Prints {"<work>/pyro": [seconds of each round, ...], ...}, as paramstore_bench does.

usage: pyro_bench.py DATA_FOLDER
"""

import json
import os
import pathlib
import sys
import time

import pyro
import torch
from torch.distributions import constraints

ROUNDS = 3  # report.py starts this several times


def repeat(call):
    """Seconds per call, one number per round, from as many calls as take 50 ms."""
    count = 1
    while True:
        start = time.perf_counter()
        for _ in range(count):
            call()
        taken = time.perf_counter() - start
        if taken > 0.05:
            break
        count *= 2
    rounds = []
    for _ in range(ROUNDS):
        start = time.perf_counter()
        for _ in range(count):
            call()
        rounds.append((time.perf_counter() - start) / count)
    return rounds


def time_each(before, timed):
    rounds = []
    for number in range(ROUNDS + 1):
        before()
        start = time.perf_counter()
        timed()
        if number > 0:  # the first is the warm-up
            rounds.append(time.perf_counter() - start)
    return rounds


def name_of(i):
    return f"layer_{i}_weight"


def measure_get(work, value, constraint):
    store = pyro.get_param_store()
    store.clear()
    for i in range(100):
        store.setdefault(name_of(i), value.clone(), constraint)
    return {f"get/{work}/pyro": repeat(lambda: store["layer_50_weight"])}


def measure_corr_cholesky(factor):
    transform = torch.distributions.transform_to(constraints.corr_cholesky)
    unconstrained = transform.inv(factor).clone()
    factor = transform(unconstrained)
    with torch.no_grad():
        return {"constraint/corr_cholesky/forward/pyro": repeat(lambda: transform(unconstrained)),
                "constraint/corr_cholesky/inverse/pyro": repeat(lambda: transform.inv(factor))}


def measure_set():
    store = pyro.get_param_store()
    store.clear()
    value = torch.rand(64) + 0.1
    store.setdefault("scale", value, constraints.positive)

    def set_scale():
        store["scale"] = value

    return {"set/positive/pyro": repeat(set_scale)}


def measure_files(work, count, numel, path):
    store = pyro.get_param_store()
    store.clear()
    for i in range(count):
        store.setdefault(name_of(i), torch.rand(numel))

    def change():
        for i in range(count):
            store._params[name_of(i)].detach().view(torch.int32).bitwise_not_()

    def save():
        store.save(path)
        file = os.open(path, os.O_RDONLY)
        os.fdatasync(file)
        os.close(file)

    return {f"save/{work}/pyro": time_each(change, save),
            f"load/{work}/pyro": time_each(store.clear, lambda: store.load(path))}


def main(folder):
    path = os.path.join(folder, "pyro.save")
    factor = torch.randn(8, 8).tril(-1) + (torch.rand(8) + 0.1).diag()
    times = {}
    times.update(measure_get("real", torch.randn(64), constraints.real))
    times.update(measure_get("positive", torch.rand(64) + 0.1, constraints.positive))
    times.update(measure_get("simplex", torch.randn(64).softmax(-1), constraints.simplex))
    times.update(measure_get("lower_cholesky", factor, constraints.lower_cholesky))
    factor = torch.linalg.cholesky(torch.full((8, 8), 0.5) + 0.5 * torch.eye(8))
    times.update(measure_get("corr_cholesky", factor, constraints.corr_cholesky))
    times.update(measure_corr_cholesky(factor))
    times.update(measure_set())
    pathlib.Path(folder).mkdir(parents=True, exist_ok=True)
    try:
        times.update(measure_files("10000x64", 10_000, 64, path))
        times.update(measure_files("100x1MiB", 100, 262_144, path))
    finally:
        pathlib.Path(path).unlink(missing_ok=True)
    print(json.dumps(times))


if __name__ == "__main__":
    main(sys.argv[1])
