"""Conditions that ControlNet's annotators make from a picture, made from the render: edges, tiles, shuffled content.

No network is needed for any of them. Every threshold is fixed: one that followed the frame's own contrast would
flicker. A picture is (H, W, 3) float32 from 0 to 1, RGB, sRGB-encoded; so is every condition.
"""

import cv2
import numpy as np

CANNY_THRESHOLDS = (100, 200)
TILE_LEVELS = 3
SHUFFLE_SPACING = 0.5  # of the picture's shorter side
SHUFFLE_SEED = 12345
# Soft edges: standard deviations of the blurs, pixels of a picture whose shorter side has 512.
EDGE_SCALES = (1.0, 2.0, 4.0)
EDGE_CONTRAST = 0.045  # of 0..1, over one standard deviation: half as strong as an edge can be
LINE_SOFTNESS = 1.6  # of the lines from geometry
TEXTURE_STRENGTH = 0.7  # of edges that only the picture has, beside those of geometry


def canny(picture: np.ndarray) -> np.ndarray:
    """White edges, a pixel wide, where OpenCV's Canny with thresholds 100 and 200 finds them in the 8-bit picture."""
    edges = cv2.Canny(_eight_bit(picture), *CANNY_THRESHOLDS)
    return _three_channels(edges / np.float32(255.0))


def tile(picture: np.ndarray) -> np.ndarray:
    """The picture without details: averaged over 8 × 8 pixels, and back to its size through three pyramid steps.

    As comfyui_controlnet_aux's TileDetector does at its default of three (there after scaling to multiples of 64).
    """
    factor = 2**TILE_LEVELS
    height, width = picture.shape[:2]
    down, right = -height % factor, -width % factor
    padded = cv2.copyMakeBorder(picture, 0, down, 0, right, cv2.BORDER_REPLICATE)
    small = cv2.resize(padded, (padded.shape[1] // factor, padded.shape[0] // factor), interpolation=cv2.INTER_AREA)
    for _ in range(TILE_LEVELS):
        small = cv2.pyrUp(small)
    return np.clip(small[:height, :width], 0.0, 1.0)


def shuffle(picture: np.ndarray) -> np.ndarray:
    """The picture's content, thrown about by a smooth random flow: its colours and textures without its composition.

    The flow is that of ControlNet 1.1's ContentShuffleDetector (two fields of uniform noise, one value every 256
    pixels of 512, cubic between them, stretched over the whole picture), but always the same one: a flow of its own
    for every frame would flicker.
    """
    height, width = picture.shape[:2]
    random = np.random.default_rng(SHUFFLE_SEED)
    spacing = max(1, round(min(height, width) * SHUFFLE_SPACING))
    x, y = (_noise_disk(random, height, width, spacing) * (side - 1) for side in (width, height))
    return np.clip(cv2.remap(picture, x, y, cv2.INTER_LINEAR), 0.0, 1.0)


def soft_edges(picture: np.ndarray, lines: np.ndarray) -> np.ndarray:
    """Soft white edges on black: the lines of geometry, and weaker what the picture alone shows.

    lines: (H, W) float32 from 0 to 1, see `lines.line_drawing`. Of the picture each scale gives the length of its
    gradient, times the scale (Lindeberg, "Edge Detection and Ridge Detection with Automatic Scale Selection", 1998),
    through a curve that saturates; the mean over the scales makes sharp edges strong and the borders of shadows soft.
    """
    unit = min(picture.shape[:2]) / 512.0
    texture = np.mean([_edge_strength(picture, scale * unit) for scale in EDGE_SCALES], axis=0) * TEXTURE_STRENGTH
    softness = LINE_SOFTNESS * unit
    # A straight line two pixels wide keeps its strength in the middle, whatever the blur makes of it.
    gain = 1.0 / min(1.0, 2.0 / (softness * np.sqrt(2.0 * np.pi)))
    drawn = cv2.GaussianBlur(lines, (0, 0), softness, borderType=cv2.BORDER_REFLECT_101) * gain
    return _three_channels(np.clip(np.maximum(drawn, texture), 0.0, 1.0))


def _edge_strength(picture: np.ndarray, scale: float) -> np.ndarray:
    """(H, W) from 0 to 1; `scale` in pixels."""
    smooth = cv2.GaussianBlur(picture, (0, 0), scale, borderType=cv2.BORDER_REFLECT_101)
    across, down = (cv2.Scharr(smooth, cv2.CV_32F, *axis) / 32.0 for axis in ((1, 0), (0, 1)))
    change = np.sqrt(across**2 + down**2).max(axis=2) * scale
    return change**2 / (change**2 + EDGE_CONTRAST**2)


def _noise_disk(random: np.random.Generator, height: int, width: int, spacing: int) -> np.ndarray:
    """(H, W) float32 from 0 to 1: smooth noise, cut out of the inside, where cubic interpolation has all neighbours."""
    grid = random.uniform(size=(height // spacing + 2, width // spacing + 2))
    noise = cv2.resize(grid, (width + 2 * spacing, height + 2 * spacing), interpolation=cv2.INTER_CUBIC)
    inner = noise[spacing : spacing + height, spacing : spacing + width]
    return ((inner - inner.min()) / max(np.ptp(inner), 1e-9)).astype(np.float32)


def _eight_bit(picture: np.ndarray) -> np.ndarray:
    return np.rint(np.clip(picture, 0.0, 1.0) * 255.0).astype(np.uint8)


def _three_channels(grey: np.ndarray) -> np.ndarray:
    return np.repeat(grey.astype(np.float32)[..., None], 3, axis=2)
