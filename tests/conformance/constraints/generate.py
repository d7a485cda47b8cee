#!/usr/bin/env python3
"""Writes vectors.json: what PyTorch and Pyro themselves compute for each constraint.

    python3 generate.py            # needs torch and pyro-ppl; overwrites vectors.json beside this file

A constraint is one entry of TABLE: its tag in paramstore, the original's constraint object, and what to feed it.
For each entry, each dtype and each input there is one case in the file:

    forward   transform_to(constraint)(input), and the gradient that `cotangent` gives with respect to the input
    inverse   transform_to(constraint).inv(input), likewise
    check     constraint.check(input)

Where an operation's rounding, which differs between versions and machines, moves the original's result by more than the
4 units in the last place that the tests allow (1 + exp(u) near 0 does), the case says by how much: `noise`.

Inputs are made from Python's own generator with a seed for each entry, so that adding an entry changes no other's.
"""

import json
import math
import os
import random
from dataclasses import dataclass, field

import pyro
import torch
from pyro.distributions import constraints
from torch.distributions import transform_to
from torch.utils._python_dispatch import TorchDispatchMode

# Pyro loosens this check of PyTorch's to 1e-4 when it is imported.
type(constraints.corr_cholesky).check = type(constraints.corr_cholesky).check._pyro_unpatched

INF = math.inf
NAN = math.nan

# Around 0, where exp and sigmoid saturate in float32 (17, 88, 104) and float64 (37, 709, 745), and far beyond.
# fmt: off
EDGES = [
    0.0, -0.0, 1e-300, -1e-300, 1e-45, 1e-8, -1e-8, 0.5, -0.5, 1.0, -1.0, 5.0, -5.0, 10.0, -10.0, 15.9, 16.7, -16.7,
    17.4, -17.4, 36.0, -36.0, 37.5, -37.5, 60.0, -60.0, 87.0, -87.4, 88.7, 89.0, -89.0, -103.0, -104.5, 300.0, -300.0,
    708.0, -708.5, 709.7, 710.0, -744.0, -746.0, 1e4, -1e4, 1e30, -1e30, INF, -INF, NAN,
]
POSITIVES = [
    5e-324, 2.3e-308, 1e-300, 1.5e-45, 1.2e-38, 1e-20, 1e-8, 0.1, 0.5, 0.999999, 1.0, 1.0000001, 2.0, 1e5, 3e38, 1e300,
    INF,
]
# fmt: on


def nested(values, *shape):
    """The values as a tensor of this shape, in float64."""
    return torch.tensor(values, dtype=torch.float64).reshape(shape or (-1,))


@dataclass
class Entry:
    tag: str
    constraint: object
    unconstrained: list  # inputs of forward; the constrained values that come out are inputs of inverse and check, too
    constrained: list = field(default_factory=list)  # more inputs of inverse and check: edges of the set, and outside
    check_only: list = field(default_factory=list)
    forward_only: list = field(default_factory=list)  # inputs of forward, where nothing is done with what comes out
    has_transform: bool = True
    has_check: bool = True
    # paramstore computes the same formula by other operations, so that additions and products round differently, too
    reordered: bool = False
    # By a decomposition, whose rounding is as if its input had been another one, next to it
    decomposed: bool = False


class Gaussians:
    """normal(2, 3) is a 2 x 3 tensor of standard normal numbers, times `scale`."""

    def __init__(self, seed):
        self.random = random.Random(seed)

    def __call__(self, *shape, scale=1.0):
        values = [self.random.gauss(0.0, scale) for _ in range(math.prod(shape))]
        return torch.tensor(values, dtype=torch.float64).reshape(shape)


def around(*bounds):
    """Numbers at and next to these, in both dtypes."""
    numbers = []
    for bound in bounds:
        numbers += [bound, math.nextafter(bound, INF), math.nextafter(bound, -INF)]
        for towards in (INF, -INF):
            single = torch.tensor(float(bound))
            numbers.append(torch.nextafter(single, torch.tensor(towards)).item())
    return numbers


def table():
    normal = Gaussians("scalars")
    scalars = [nested(EDGES), normal(16, scale=3.0), normal(2, 3, 4), nested([0.25], 1).reshape(())]
    outside = nested([NAN, INF, -INF, -1.0, -0.0, 0.0, 0.25, 0.5, 1.0, 1.5, 2.0, 1e308, -1e308])

    yield Entry("real", constraints.real, scalars, [outside])
    yield Entry("positive", constraints.positive, scalars, [nested(POSITIVES), outside])
    yield Entry("nonnegative", constraints.nonnegative, scalars, [nested(POSITIVES), outside])
    softplus_edges = nested([19.9, 20.0, 20.1, 19.999999, 20.000001, -20.0, 1e-3, -1e-3])
    yield Entry(
        "softplus_positive", constraints.softplus_positive, scalars + [softplus_edges], [nested(POSITIVES), outside]
    )
    for bound in (0.0, 0.5, -2.0, 1e8):
        yield Entry(
            f"greater_than_eq({number(bound)})",
            constraints.greater_than_eq(bound),
            scalars,
            [nested(around(bound)), outside],
        )
        yield Entry(
            f"less_than({number(bound)})", constraints.less_than(bound), scalars, [nested(around(bound)), outside]
        )
    for bound in (0.0, 0.5, -2.0, 1e-3, 1e8):
        yield Entry(
            f"greater_than({number(bound)})", constraints.greater_than(bound), scalars, [nested(around(bound)), outside]
        )
    yield Entry("unit_interval", constraints.unit_interval, scalars, [nested(POSITIVES + around(0.0, 1.0)), outside])
    for low, high in ((0.0, 1.0), (-1.0, 2.0), (-3.5, -3.25), (1e-3, 1e6), (0.0, 2.0), (0.5, 1.0), (2.0, 1.0)):
        yield Entry(
            f"interval({number(low)}, {number(high)})",
            constraints.interval(low, high),
            scalars,
            [nested(around(low, high)), nested([low + (high - low) * k / 7 for k in range(8)]), outside],
        )

    for low, high in ((0.0, 1.0), (-1.0, 2.0), (0.0, 2.0), (2.0, 1.0)):
        yield Entry(
            f"half_open_interval({number(low)}, {number(high)})",
            constraints.half_open_interval(low, high),
            scalars,
            [nested(around(low, high)), nested([low + (high - low) * k / 7 for k in range(8)]), outside],
        )

    integers = nested([-3.0, -1.0, -0.5, -0.0, 0.0, 0.25, 1.0, 1.0 + 1e-7, 2.0, 9.0, 10.0, 11.0, 1e16, INF, -INF, NAN])
    for tag, constraint in (
        ("boolean", constraints.boolean),
        ("integer", constraints.integer),
        ("nonnegative_integer", constraints.nonnegative_integer),
        ("positive_integer", constraints.positive_integer),
        ("integer_interval(-1.0, 10.0)", constraints.integer_interval(-1, 10)),
        ("integer_interval(int64[[0],[2]], 9.0)", constraints.integer_interval(torch.tensor([[0], [2]]), 9)),
    ):
        yield Entry(tag, constraint, [], check_only=[integers, outside], has_transform=False)
    counts = [
        nested([0.0, 1.0, 0.0]),
        nested([0.0, 0.0, 0.0]),
        nested([1.0, 1.0, 0.0]),
        nested([0.5, 0.5, 0.0]),
        nested([2.0, -1.0, 0.0]),
        nested([1.0]),
        nested([0.0, 1.0, 1.0, 0.0, 3.0, 4.0, NAN, 1.0], 2, 2, 2),
    ]
    yield Entry("one_hot", constraints.one_hot, [], check_only=counts, has_transform=False)
    yield Entry("multinomial(4.0)", constraints.multinomial(4), [], check_only=counts, has_transform=False)
    yield Entry(
        "multinomial(int64[1,7])",
        constraints.multinomial(torch.tensor([1, 7])),
        [],
        check_only=[nested([0.0, 1.0, 3.0, 4.0], 2, 2), nested([1.0, 1.0, 3.0, 5.0, 0.5, 0.5, 8.0, -1.0], 2, 2, 2)],
        has_transform=False,
    )
    yield Entry("dependent", constraints.dependent, [], has_transform=False)

    # Bounds that are tensors: broadcast against the value, and take part in choosing the dtype of the result.
    normal = Gaussians("tensor bounds")
    matrices = [normal(2, 3, scale=2.0), normal(4, 2, 3, scale=20.0)]
    bounds = torch.tensor([[-1.0], [0.5]], dtype=torch.float32)
    yield Entry("greater_than(float32[[-1.0],[0.5]])", constraints.greater_than(bounds), matrices, [normal(2, 3)])
    yield Entry(
        "interval(float64[-1.0,0.0,0.1], float64[0.0,0.1,10.0])",
        constraints.interval(
            torch.tensor([-1.0, 0.0, 0.1], dtype=torch.float64), torch.tensor([0.0, 0.1, 10.0], dtype=torch.float64)
        ),
        matrices,
        [normal(2, 3)],
    )
    yield Entry("less_than(float32[[-1.0],[0.5]])", constraints.less_than(bounds), matrices, [normal(2, 3)])
    yield Entry("greater_than_eq(float64[[-1.0],[0.5]])", constraints.greater_than_eq(bounds.double()), matrices)
    yield Entry(
        "half_open_interval(float32[[-1.0],[0.5]], 3.0)",
        constraints.half_open_interval(bounds, 3.0),
        matrices,
        [normal(2, 3)],
    )
    yield Entry("interval(float32[[-1.0],[0.5]], 3.0)", constraints.interval(bounds, 3.0), matrices, [normal(2, 3)])
    yield Entry("interval(-3.0, float32[[-1.0],[0.5]])", constraints.interval(-3.0, bounds), matrices, [normal(2, 3)])
    yield Entry(
        "interval(float32(0.0), float32(1.0))", constraints.interval(torch.tensor(0.0), torch.tensor(1.0)), matrices
    )
    yield Entry(
        "interval(int64[-2,0,3], int64[-1,1,5])",
        constraints.interval(torch.tensor([-2, 0, 3]), torch.tensor([-1, 1, 5])),
        matrices,
        [normal(2, 3)],
    )

    normal = Gaussians("vectors")
    yield Entry(
        "simplex",
        constraints.simplex,
        [
            normal(5),
            normal(3, 4, scale=5.0),
            normal(2, 3, 2, scale=50.0),
            normal(1),
            normal(64, scale=2.0),
            nested([1e4, 1e4 + 1, 1e4 - 1]),
            nested([-1e4, 0.0, 1.0]),
            nested([-200.0, -100.0, 0.0, 100.0, 200.0]),
            nested([-800.0, -40.0, 0.0]),
            nested([0.0, -INF, 1.0]),
            nested([0.0, INF, 1.0]),
            nested([0.0, NAN, 1.0]),
        ],
        [
            nested([0.25, 0.25, 0.5]),
            nested([0.0, 0.0, 1.0]),
            nested([0.5, 0.5 + 9e-7]),
            nested([0.5, 0.5 + 2e-6]),
            nested([-1e-9, 1.0 + 1e-9]),
            nested([NAN, 0.5, 0.5]),
            nested([0.5, 0.25, 0.25, 0.3, 0.3, 0.3, 0.7, 0.2, 0.1], 3, 3),
        ],
        reordered=True,
    )

    normal = Gaussians("other vectors")
    vectors = [
        normal(1),
        normal(5),
        normal(3, 4, scale=5.0),
        normal(2, 3, 2, scale=30.0),
        normal(33),
        nested([-800.0, -40.0, 0.0, 3.0]),
        nested([0.0, NAN, 1.0]),
        nested([1.0, INF, 1.0]),
    ]
    yield Entry(
        "real_vector", constraints.real_vector, [normal(3), normal(2, 3)], [nested([1.0, NAN, 2.0, 3.0, INF, 0.0], 3, 2)]
    )
    unit = normal(6, 7)
    unit = unit / unit.norm(dim=-1, keepdim=True)
    yield Entry(
        "sphere",
        constraints.sphere,
        vectors
        + [
            nested([0.0, 0.0, 0.0]),
            nested([0.0, 0.0, 3.0, 4.0, 0.0, 0.0], 3, 2),
            nested([1e-160, 1e-160, -1e-170]),
            nested([1e200, 1e150, -1e199]),
            nested([1e-310, 0.0]),
            nested([-INF, 1.0]),
        ],
        [unit, unit * (1 + 1e-7), nested([0.6, 0.8]), nested([1.0]), nested([0.0, -1.0]), nested([0.6, 0.81, NAN])],
        reordered=True,
    )
    increasing = [
        nested([1.0, 2.0, 3.0]),
        nested([1.0, 1.0, 3.0]),
        nested([1.0, 1.0 + 1e-9, 3.0]),
        nested([-2.0, -1.0, 0.0, 3.0, 2.0, 5.0], 2, 3),
        nested([0.0, 1.0]),
        nested([5e-324, 1.0]),
        nested([1e-30, 1.0, 1e30]),
        nested([2.0]),
        nested([NAN]),
        nested([NAN, 1.0, 2.0]),
        nested([1.0, INF, INF]),
    ]
    yield Entry("ordered_vector", constraints.ordered_vector, vectors, increasing, reordered=True)
    yield Entry("positive_ordered_vector", constraints.positive_ordered_vector, vectors, increasing, reordered=True)

    normal = Gaussians("matrices")
    lower = normal(3, 3).tril()
    not_lower = normal(3, 3)
    yield Entry(
        "lower_cholesky",
        constraints.lower_cholesky,
        [
            normal(3, 3),
            normal(1, 1),
            normal(2, 4, 4, scale=3.0),
            normal(2, 1, 2, 2, scale=40.0),
            nested([-750.0, 3.0, 1.0, 710.0], 2, 2),
            nested([-100.0, INF, NAN, 89.0], 2, 2),
        ],
        [
            lower.abs() + torch.eye(3, dtype=torch.float64) * 1e-12,
            torch.diag(nested([1e-300, 1.0, 1e300])),
            torch.stack([lower.abs(), lower - 10 * torch.eye(3, dtype=torch.float64), not_lower]),
            torch.zeros(2, 2, dtype=torch.float64),
            nested([1.0, 0.0, NAN, 1.0], 2, 2),
            nested([1.0, NAN, 0.0, 1.0], 2, 2),
            nested([1.0, 1e-300, 0.0, 1.0], 2, 2),
        ],
        check_only=[normal(3, 2).tril().abs(), normal(2, 3).tril().abs()],
    )

    normal = Gaussians("other triangular matrices")
    lower = normal(4, 4).tril()
    matrices = [
        normal(3, 3),
        normal(1, 1),
        normal(2, 4, 4, scale=3.0),
        normal(2, 1, 2, 2, scale=40.0),
        nested([-750.0, 3.0, 1.0, 710.0], 2, 2),
    ]
    triangular = [
        lower,
        lower.abs(),
        lower.abs() + lower.mT * 1e-300,
        torch.stack([lower.abs(), lower - 10 * torch.eye(4, dtype=torch.float64), normal(4, 4)]),
        torch.eye(3, dtype=torch.float64),
        lower.tril(-1) + torch.eye(4, dtype=torch.float64),
        lower.tril(-1) + torch.eye(4, dtype=torch.float64) * (1 + 1e-15),
        nested([1.0, 0.0, NAN, 1.0], 2, 2),
        nested([1.0, NAN, 0.0, 1.0], 2, 2),
    ]
    yield Entry("lower_triangular", constraints.lower_triangular, [], check_only=triangular, has_transform=False)
    yield Entry(
        "softplus_lower_cholesky",
        constraints.softplus_lower_cholesky,
        matrices + [nested([19.5, 0.0, -3.0, 20.5], 2, 2)],
        [nested([1e-300, 0.0, 2.0, 30.0], 2, 2)],
        check_only=triangular,
    )
    yield Entry("unit_lower_cholesky", constraints.unit_lower_cholesky, matrices, triangular)

    # Vectors of n (n - 1) / 2. Saturated: tanh rounds to 1 above 19.06 (float64) and 9.01 (float32).
    normal = Gaussians("correlations")
    correlations = [
        normal(1),
        normal(3),
        normal(6, scale=0.3),
        normal(2, 10),
        normal(2, 1, 28, scale=1.5),
        normal(3, 6, scale=4.0),
        nested([1e-9, -1e-9, 1e-300, 0.0, -0.0, 2.0]),
    ]
    saturated = [nested([8.5, -9.5, 0.5]), nested([18.0, 0.5, -20.0]), nested([-1e4, 1e30, 1e-3]), nested([INF, 1, -INF])]
    factor = torch.linalg.cholesky(torch.eye(3, dtype=torch.float64) * 0.5 + 0.5)
    factors = [
        factor,
        torch.eye(4, dtype=torch.float64),
        factor * (1 + 1e-14),
        factor * (1 + 1e-6),
        torch.stack([factor, factor * 1.1, -factor, factor.mT]),
        nested([1.0, 0.0, 1.0, 0.0], 2, 2),
        nested([1.0, 0.0, NAN, 1.0], 2, 2),
        nested([1.0, 0.0, 0.6, 0.8], 2, 2),
    ]
    yield Entry(
        "corr_cholesky",
        constraints.corr_cholesky,
        correlations + saturated + [nested([]), nested([NAN, 1.0, 0.5])],
        check_only=factors,
        reordered=True,
    )
    yield Entry(
        "corr_matrix",
        constraints.corr_matrix,
        [normal(1), normal(3), normal(2, 10, scale=0.5), normal(28, scale=0.3)],
        forward_only=correlations,
        check_only=[
            factor @ factor.mT,
            torch.eye(3, dtype=torch.float64) * (1 + 1e-7),
            torch.eye(3, dtype=torch.float64) * (1 + 1e-5),
            torch.stack([factor @ factor.mT, factor, torch.eye(3, dtype=torch.float64)]),
            nested([1.0, 1.5, 1.5, 1.0], 2, 2),
        ],
        reordered=True,
        decomposed=True,
    )

    normal = Gaussians("symmetric matrices")
    root = normal(3, 4, 4)
    symmetric = root + root.mT
    definite = root @ root.mT
    squares = [
        symmetric,
        definite,
        definite + torch.tensor([0.0, 1e-3, 0.0, 0.0], dtype=torch.float64),
        root,
        torch.eye(3, dtype=torch.float64),
        torch.diag(nested([1.0, 1.0, -1.0])),
        torch.diag(nested([1.0, 1e-30, 1e20])),
        nested([1.0, 2.0 + 1e-6, 2.0, 1.0], 2, 2),
        nested([1.0, 2.0 + 1e-3, 2.0, 5.0], 2, 2),
        nested([1.0, NAN, NAN, 1.0], 2, 2),
        nested([5.0], 1, 1),
        nested([-5.0], 1, 1),
        normal(3, 2),
        normal(2, 2, 3),
    ]
    zeros = torch.zeros(2, 2, dtype=torch.float64)
    yield Entry("square", constraints.square, [], check_only=squares, has_transform=False)
    yield Entry("symmetric", constraints.symmetric, [], check_only=squares, has_transform=False)
    well_conditioned = [normal(3, 3), normal(1, 1), normal(2, 4, 4, scale=0.7), normal(2, 1, 2, 2)]
    nearly_singular = [normal(2, 4, 4, scale=2.0), nested([0.0, 0.0, 3.0, -6.0], 2, 2), nested([-12.0, 9.0, 1.0, 2.0], 2, 2)]
    for tag, constraint, more in (
        ("positive_definite", constraints.positive_definite, [zeros]),
        ("positive_semidefinite", constraints.positive_semidefinite, [zeros]),
    ):
        yield Entry(
            tag,
            constraint,
            well_conditioned,
            [definite, torch.diag(nested([1e-12, 1.0, 1e12])), torch.eye(3, dtype=torch.float64)],
            forward_only=nearly_singular,
            check_only=squares + more,
            reordered=True,
            decomposed=True,
        )

    normal = Gaussians("compositions")
    yield Entry(
        "stack([real, positive], 0)", constraints.stack([constraints.real, constraints.positive], 0), [normal(2, 3)],
        [nested([1.0, -1.0, 0.5, 2.0], 2, 2), nested([-1.0, 0.0]), nested([NAN, 1.0])],
    )
    yield Entry(
        "stack([positive, interval(0.0, 1.0), real], -1)",
        constraints.stack([constraints.positive, constraints.interval(0.0, 1.0), constraints.real], -1),
        [normal(3), normal(2, 2, 3, scale=20.0)],
        [nested([1.0, 2.0, 3.0, 0.0, 1.0, 4.0], 2, 3)],
    )
    yield Entry(
        "stack([simplex, sphere], 0)",
        constraints.stack([constraints.simplex, constraints.sphere], 0),
        [normal(2, 4), normal(2, 3, 2)],
        [nested([0.5, 0.5, 0.6, 0.8], 2, 2), nested([0.5, 0.6, 0.6, 0.9], 2, 2)],
        reordered=True,
    )
    yield Entry(
        "cat([positive, real], 0, [1, 1])",
        constraints.cat([constraints.positive, constraints.real]),
        [normal(2), normal(2, 3)],
        [nested([-1.0, 2.0, 3.0, NAN], 2, 2)],
    )
    yield Entry(
        "cat([positive, less_than(0.0), unit_interval], -1, [2, 0, 3])",
        constraints.cat(
            [constraints.positive, constraints.less_than(0.0), constraints.unit_interval], -1, [2, 0, 3]
        ),
        [normal(5), normal(2, 3, 5, scale=10.0)],
        [nested([1.0, 0.0, 0.5, 2.0, 1.0])],
    )
    yield Entry(
        "cat([simplex, ordered_vector], 0, [2, 1])",
        constraints.cat([constraints.simplex, constraints.ordered_vector], 0, [2, 1]),
        [normal(3, 4)],
        [nested([0.5, 0.5, 0.6, 0.8, 1.0, 2.0], 3, 2)],
        reordered=True,
    )
    # Of constraints whose events have different dimensions, whose checks the original cannot join.
    yield Entry(
        "cat([simplex, real], -1, [3, 1])",
        constraints.cat([constraints.simplex, constraints.real], -1, [3, 1]),
        [normal(4), normal(2, 4)],
        reordered=True,
        has_check=False,
    )
    yield Entry(
        "independent(stack([cat([simplex, positive], 1, [3, 2]), real], 0), 1)",
        constraints.independent(
            constraints.stack(
                [constraints.cat([constraints.simplex, constraints.positive], 1, [3, 2]), constraints.real], 0
            ),
            1,
        ),
        [normal(2, 3, 5)],
        reordered=True,
        has_check=False,
    )
    yield Entry(
        "MixtureSameFamilyConstraint(simplex)",
        constraints.MixtureSameFamilyConstraint(constraints.simplex),
        [],
        check_only=[nested([0.5, 0.5]), nested([0.5, 0.5, 0.6, 0.8], 2, 2)],
        has_transform=False,
    )
    yield Entry(
        "MixtureSameFamilyConstraint(greater_than(float64[0.0,1.0]))",
        constraints.MixtureSameFamilyConstraint(constraints.greater_than(nested([0.0, 1.0]))),
        [],
        check_only=[nested([0.5, 2.0, -1.0])],
        has_transform=False,
    )
    normal = Gaussians("compositions")
    yield Entry(
        "independent(real, 1)", constraints.independent(constraints.real, 1), [normal(2, 3)], [nested([1.0, NAN])]
    )
    yield Entry(
        "independent(positive, 1)",
        constraints.independent(constraints.positive, 1),
        [normal(4), normal(2, 3, scale=10.0)],
        [nested([1.0, 0.0, 2.0, 3.0], 2, 2)],
    )
    yield Entry(
        "independent(interval(-1.0, 2.0), 2)",
        constraints.independent(constraints.interval(-1.0, 2.0), 2),
        [normal(2, 3), normal(2, 2, 3, scale=10.0)],
        [nested([-1.0, 2.0, 0.0, 2.5], 2, 1, 2)],
    )
    yield Entry(
        "independent(simplex, 0)",
        constraints.independent(constraints.simplex, 0),
        [normal(2, 3)],
        [normal(2, 3)],
        reordered=True,
    )
    yield Entry(
        "independent(independent(lower_cholesky, 1), 1)",
        constraints.independent(constraints.independent(constraints.lower_cholesky, 1), 1),
        [normal(2, 2, 3, 3), normal(2, 1, 2, 3, 3)],
    )


def number(value):
    return repr(float(value))


def json_number(value, dtype):
    if isinstance(value, bool) or (math.isfinite(value) and dtype != torch.float32):
        return value
    # Nine digits tell every float32 from its neighbours, and are shorter than the double of the same value.
    return float(f"{value:.9g}") if math.isfinite(value) else str(value)


def json_tensor(tensor):
    values = [json_number(value, tensor.dtype) for value in tensor.detach().reshape(-1).tolist()]
    return {"dtype": str(tensor.dtype).removeprefix("torch."), "shape": list(tensor.shape), "values": values}


class Rounding(TorchDispatchMode):
    """Moves what inexact operations return by up to one unit in the last place, at random."""

    # fmt: off
    EXACT = {
        "detach", "alias", "view", "_unsafe_view", "reshape", "expand", "squeeze", "unsqueeze", "transpose", "t",
        "select", "slice", "split", "clone", "copy", "_to_copy", "zeros_like", "ones_like", "full_like", "new_zeros",
        "zeros", "full", "tril", "triu", "diagonal", "diag_embed", "select_backward", "slice_backward",
        "diagonal_backward", "scatter", "value_selecting_reduction_backward", "clamp", "max", "min", "neg", "abs",
        "sgn", "sign", "where", "cat", "stack", "index", "index_put", "index_put_", "constant_pad_nd", "eye", "permute",
        "arange", "new_ones", "lift_fresh", "fill", "fill_", "zero_", "narrow", "unbind", "flip", "ones",
    }
    ROUNDED_ALIKE_EVERYWHERE = {"add", "sub", "rsub", "mul", "div", "sqrt", "reciprocal"}
    # fmt: on

    def __init__(self, generator, exact):
        super().__init__()
        self.generator = generator
        self.exact = exact

    def __torch_dispatch__(self, func, types, args=(), kwargs=None):
        output = func(*args, **(kwargs or {}))
        name = func.overloadpacket.__name__
        if not isinstance(output, torch.Tensor) or not output.is_floating_point() or name in self.exact:
            return output
        return self.moved(output)

    def moved(self, tensor):
        steps = [self.generator.choice((-1, 0, 1)) for _ in range(tensor.numel())]
        steps = torch.tensor(steps, dtype=tensor.dtype).reshape(tensor.shape)
        return tensor * (1 + steps * torch.finfo(tensor.dtype).eps)


def value_and_gradient(function, tensor, cotangent):
    tensor = tensor.detach().clone().requires_grad_()
    output = function(tensor)
    (gradient,) = torch.autograd.grad(output, tensor, cotangent)
    return output.detach(), gradient


def noise(values, trials):
    """How far the trials lie from each value, by index, where that is more than the tests allow anyway."""
    found = {}
    values = values.reshape(-1)
    relative = 1e-12 if values.dtype == torch.float64 else torch.finfo(values.dtype).eps * 2
    for index, value in enumerate(values.tolist()):
        spread = [abs(trial.reshape(-1)[index].item() - value) for trial in trials]
        spread = max((2 * distance for distance in spread if math.isfinite(distance)), default=0.0)
        if math.isfinite(value) and spread > relative * abs(value):
            found[str(index)] = float(f"{spread:.2g}")
    return found


def apply(function, tensor, entry, normal):
    """The function's value, and the gradient of the sum of its products with a cotangent."""
    cotangent = normal(*function(tensor).shape).to(function(tensor).dtype)
    output, gradient = value_and_gradient(function, tensor, cotangent)
    exact = Rounding.EXACT if entry.reordered else Rounding.EXACT | Rounding.ROUNDED_ALIKE_EVERYWHERE
    trials = []
    for trial in range(24):
        rounding = Rounding(random.Random(trial), exact)
        nearby = rounding.moved(tensor) if entry.decomposed else tensor
        with rounding:
            trials.append(value_and_gradient(function, nearby, cotangent))
    case = {
        "input": json_tensor(tensor),
        "output": {**json_tensor(output), "noise": noise(output, [value for value, _ in trials])},
        "cotangent": json_tensor(cotangent),
        "gradient": {**json_tensor(gradient), "noise": noise(gradient, [slope for _, slope in trials])},
    }
    for key in ("output", "gradient"):
        if not case[key]["noise"]:
            del case[key]["noise"]
    return case


def said(property):
    """Nothing where the original cannot say."""
    try:
        return property()
    except NotImplementedError:
        return None


def cases(entry):
    constraint = entry.constraint
    yield {
        "tag": entry.tag,
        "case": "properties",
        "event_dim": said(lambda: constraint.event_dim),
        "is_discrete": said(lambda: constraint.is_discrete),
        "has_transform": entry.has_transform,
    }
    for dtype in (torch.float64, torch.float32):
        normal = Gaussians(entry.tag)
        constrained = []
        if entry.has_transform:
            transform = transform_to(constraint)
            for u in entry.unconstrained:
                u = u.to(dtype)
                yield {"tag": entry.tag, "case": "forward", **apply(transform, u, entry, normal)}
                constrained.append(transform(u).to(dtype))
            for u in entry.forward_only:
                yield {"tag": entry.tag, "case": "forward", **apply(transform, u.to(dtype), entry, normal)}
        constrained += [value.to(dtype) for value in entry.constrained]
        for value in constrained:
            if entry.has_transform:
                yield {"tag": entry.tag, "case": "inverse", **apply(transform.inv, value, entry, normal)}
        for value in constrained + [value.to(dtype) for value in entry.check_only] if entry.has_check else []:
            yield {
                "tag": entry.tag,
                "case": "check",
                "input": json_tensor(value),
                "output": json_tensor(constraint.check(value)),
            }


def main():
    torch.set_num_threads(1)
    lines = [json.dumps(case) for entry in table() for case in cases(entry)]
    path = os.path.join(os.path.dirname(os.path.abspath(__file__)), "vectors.json")
    with open(path, "w", encoding="ascii") as file:
        head = json.dumps({"torch": torch.__version__.split("+")[0], "pyro": pyro.__version__})
        file.write(head[:-1] + ', "cases": [\n' + ",\n".join(lines) + "\n]}\n")


if __name__ == "__main__":
    main()
