"""What a report says of measures and settings, in the words of who animates."""

EXPLAINED = {
    "warping_1": "Each frame against the one before, carried onto it by the true motion: flicker from frame to frame.",
    "warping_inside": "The same without the outlines, which are drawn anew as the view turns: flicker of the surfaces.",
    "warping_4": "A frame against that of four frames before: paint that creeps or changes slowly.",
    "warping_16": "The same over sixteen frames: paint that forgets what it was.",
    "warping_64": "The same over 64 frames: paint that is another at the end of the shot.",
    "texel": "How much the colour of one point of a surface changes over all frames that see it.",
    "tof": "Motion found in the take's pictures against the true motion: strokes that swim over the surface.",
    "drift": "How far the colours of objects are from where they began.",
    "returned": "How much a surface has changed its colour when it comes back from behind something.",
    "sharpness": "Detail in the picture. A blurred take is steady, and no good.",
    "style_colour": "How far the take's colours are from the render's: how much was painted at all.",
    "style_structure": "How far the take's shapes and textures are from the render's: how much was painted at all.",
    "fidelity": "How many of the scene's lines the picture draws where they are, and how few others.",
}

GROUPS = (
    (
        "Is it steady?",
        "What moves with the surfaces is not counted, only what changes on them.",
        ("warping_1", "warping_inside", "warping_4", "warping_16", "warping_64", "texel", "tof", "drift", "returned"),
    ),
    (
        "Is it still painted?",
        "A blurred picture, or the bare render, wins every measure above. These tell them apart.",
        ("sharpness", "style_colour", "style_structure", "fidelity"),
    ),
)
"""Title, why, and measures in the order in which they are shown."""

SETTINGS = {
    "style": "Style",
    "method": "Method",
    "prompt": "Prompt",
    "negative_prompt": "Negative prompt",
    "model": "Model",
    "strength": "Strength",
    "steps": "Steps",
    "guidance": "Guidance",
    "scheduler": "Scheduler",
    "seed": "Seed",
    "seed_mode": "Seed of frames",
    "device": "Device",
    "precision": "Precision",
    "crop_to_mask": "Crop to mask",
    "frames": "Frames",
    "edge_band": "Edge band",
    "light": "Light",
    "paint": "Paint only",
    "paint_softness": "Softness of what is painted",
}
"""The settings of a take that are shown, those with parts of their own left out."""
