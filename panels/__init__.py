"""What a user sees, one file a panel of the tab. Draws properties, decides nothing.

A new panel goes into its own file, and the file's name into `CLASSES`: sub-panels stand in that order.
"""

from . import (
    additions,
    conditions,
    export,
    first_run,
    footage,
    main,
    menu,
    model,
    model_use,
    motion,
    output,
    people,
    prompts,
    queue,
    regions,
    sequencer,
    settings,
    shot,
    style,
    takes,
)

CLASSES: tuple[type, ...] = (
    *settings.CLASSES,
    *first_run.CLASSES,
    *main.CLASSES,
    *shot.CLASSES,
    *style.CLASSES,
    *prompts.CLASSES,
    *conditions.CLASSES,
    *people.CLASSES,
    *export.CLASSES,
    *regions.CLASSES,
    *motion.CLASSES,
    *model.CLASSES,
    *model_use.CLASSES,
    *additions.CLASSES,
    *output.CLASSES,
    *takes.CLASSES,
    *sequencer.CLASSES,
    *footage.CLASSES,
    *queue.CLASSES,
    *menu.CLASSES,
)
