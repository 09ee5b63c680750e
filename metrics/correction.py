"""Shares corrected for what the reader gets wrong, by its confusion matrix ("adjusted counts").

Of people whose class is known, A[k, r] is the share read as r; the last column, read as nothing, is left out, so that the
rows sum to less than 1. People with the shares f are then read with the shares q, and the correction turns this round:

    q = f A / sum(f A)          f = q A^-1 / sum(q A^-1), moved onto the simplex where it has negative shares

Rogan and Gladen (1978) for two classes; Forman (2008) names it adjusted counts. A class that is left open more often
than the others is thereby counted up, as long as only the proportions of openness are those of the certificate.
"""

from collections.abc import Sequence

import numpy as np

from .distances import Array, onto_simplex

LARGEST_CONDITION = 30.0  # our decision: beyond it errors of a matrix are magnified thirtyfold
HALF_PERSON = 0.5  # spread over each row when matrices are drawn again, so that a row without errors is not certain


def checked(counts: Sequence[Sequence[int]], classes: Sequence[str]) -> Array:
    """counts[true][read], K rows of K + 1 columns, the last one unreadable, as an array.   -> [K,K+1]

    ValueError: a class nobody was measured for, or a reader that tells the classes too badly to be corrected.
    """
    matrix = np.asarray(counts, float)
    k = len(classes)
    if matrix.shape != (k, k + 1) or (matrix < 0).any():
        raise ValueError(f"the certificate needs {k} rows of {k + 1} counts for {', '.join(classes)}")
    empty = [name for name, row in zip(classes, matrix, strict=True) if not row[:-1].sum()]
    if empty:
        raise ValueError(
            f"the certificate has nobody readable of {', '.join(empty)}: measure the reader on people of every class"
        )
    if not np.linalg.cond(read_as(matrix)) <= LARGEST_CONDITION:
        raise ValueError(
            "the certificate says that the reader hardly tells these classes from each other: its readings cannot be "
            "corrected; use another reader, or fewer classes"
        )
    return matrix


def read_as(counts: Array) -> Array:
    """A[k, r], the share of people of class k that is read as r.   [..., K,K+1] -> [..., K,K]"""
    return counts[..., :-1] / counts.sum(-1, keepdims=True)


def observed(shares: Array, matrix: Array) -> Array:
    """The shares that are read of people with these shares.   [..., K], [..., K,K] -> [..., K]"""
    seen = (shares[..., None, :] @ matrix)[..., 0, :]
    return seen / seen.sum(-1, keepdims=True)


def corrected(frequencies: Array, matrix: Array) -> Array:
    """The shares of people who would be read with these frequencies.   [..., K], [..., K,K] -> [..., K]"""
    true = np.linalg.solve(np.swapaxes(matrix, -1, -2), frequencies[..., None])[..., 0]
    total = true.sum(-1, keepdims=True)
    return onto_simplex(true / np.where(np.abs(total) < 1e-9, 1e-9, total))


def drawn_again(counts: Array, draws: int, rng: np.random.Generator) -> Array:
    """Confusion matrices as other people of the same numbers would have given them.   [K,K+1] -> [draws,K,K]"""
    people = counts.sum(-1).round().astype(int)
    chances = counts + HALF_PERSON / counts.shape[1]
    rows = [rng.multinomial(n, p / p.sum(), size=draws) for n, p in zip(people, chances, strict=True)]
    matrices = read_as(np.stack(rows, 1).astype(float))
    near = np.linalg.cond(matrices) > 1e6  # a draw nobody could be told apart by stands for itself
    matrices[near] = read_as(counts)
    return matrices
