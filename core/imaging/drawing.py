"""Finds the size at which an image without pixels of its own, such as SVG, is drawn for an output."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import replace

from core.imaging.plan import Cut, Plan, Scale, Size, Turn, size_after
from core.operations import Operation, Resize, Thumbnail


def enlarging(operations: Sequence[Operation]) -> tuple[Operation, ...]:
    """Return the operations with leave to enlarge: lines lose nothing when they are drawn larger."""
    return tuple(
        replace(one, enlarge=True) if isinstance(one, Thumbnail | Resize) else one for one in operations
    )


def drawn_size(plan: Plan, full: Size) -> Size:
    """Return the width and height in pixels at which to draw so that a plan's first scaling changes nothing.

    A plan that scales nothing, or does before it what depends on pixels, is drawn at `full`.
    """
    size, turned = full, False
    for step in plan.steps:
        if isinstance(step, Scale):
            factors = step.size[0] / size[0], step.size[1] / size[1]
            across, down = factors[::-1] if turned else factors
            return math.ceil(full[0] * across - 1e-6), math.ceil(full[1] * down - 1e-6)
        if isinstance(step, Turn):
            turned ^= size_after(step, (1, 2)) == (2, 1)
        elif not isinstance(step, Cut) or turned:
            break
        size = size_after(step, size)
    return full
