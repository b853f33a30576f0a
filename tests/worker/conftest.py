"""Tests that import diffusers themselves do it as the worker does."""

from flowbrush.backend.models.vision import import_torchvision

import_torchvision()
