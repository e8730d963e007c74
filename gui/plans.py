"""Says what a recipe is going to make, and where that goes."""

from __future__ import annotations

from PySide6.QtCore import QCoreApplication

from core.recipe import Recipe


def _tr(text: str) -> str:
    return QCoreApplication.translate("plans", text)


def outputs_of(recipe: Recipe) -> list[str]:
    """Return a line for each output: its format, and what is done to the image."""
    from core.recipe.draft import (
        draft_of,  # with the labels: for an image that is selected, not for the start
    )
    from gui.recipes import labels

    lines = []
    for output, part in zip(recipe.outputs, draft_of(recipe).parts, strict=True):
        steps = [
            " ".join(filter(None, (labels.title(step.kind), labels.summary(step)))) for step in part.parts
        ]
        lines.append(", ".join([labels.choice(part.kind, "format", output.format), *steps]))
    return lines


def place_of(recipe: Recipe) -> str:
    """Return where the outputs go."""
    if recipe.replace_original:
        return _tr("The original's place; the original goes to the trash")
    if recipe.folder is None:
        return _tr("Beside the source")
    if recipe.mirror:
        return _tr("{0}, with subfolders").format(recipe.folder)
    return recipe.folder
