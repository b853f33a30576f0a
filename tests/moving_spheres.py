"""A scene of spheres on a ground, seen by a moving camera, whose passes, vectors and visibility are exact.

Everything is found by casting rays at formulas, so it is a truth that neither Blender nor Flowbrush has touched. A body
spins; a hand of the same object passes in front of it; six instances of one object roll, every second one accelerating;
a column is made of spheres that touch. The frame is 16:9 and the camera moves and turns.
"""

from dataclasses import dataclass

import numpy as np
from flowbrush.backend.motion.warp import inside, pixel_grid
from flowbrush.backend.shot import Camera

WIDTH, HEIGHT = 480, 270
FOCAL = 1.3 * WIDTH / 2  # pixels
GROUND = 1


@dataclass(frozen=True)
class Ball:
    """A rigid sphere at one time; `rest` is where its centre was before anything moved."""

    centre: np.ndarray
    turn: np.ndarray
    radius: float
    object_id: int
    instance: float
    rest: tuple[float, float, float]


def balls(time: float) -> list[Ball]:
    hand = (0.9 * np.cos(0.8 + 0.12 * time), -1.1, 0.9 + 0.6 * np.sin(0.3 * time))
    scene = [
        Ball(np.array((0.0, 0.0, 0.9)), _turn(2, 0.15 * time), 0.9, 2, 0.0, (0.0, 0.0, 0.0)),
        Ball(np.array(hand), _turn(1, 0.1 * time), 0.28, 2, 0.0, (3.0, 0.0, 0.0)),
    ]
    for k in range(6):
        centre = np.array((-2.2 + 0.8 * k + 0.11 * time * (k % 2), 1.6, 0.35 + 0.008 * time**2 * (k % 2)))
        scene.append(Ball(centre, _turn(0, 0.2 * time), 0.35, 3, k / 7.0, (0.0, 0.0, 0.0)))
    for k in range(4):
        centre = np.array((-1.3 + 0.1 * time, -0.6, 0.2 + 0.35 * k))
        scene.append(Ball(centre, _turn(2, 0.02 * time), 0.2, 4, 0.0, (0.0, 0.0, 0.35 * k)))
    return scene


def camera(time: float) -> Camera:
    """The camera as a shot describes it."""
    eye, axes = _view(time)
    world = np.eye(4)
    world[:3, :3], world[:3, 3] = axes, eye
    projection = np.zeros((4, 4))
    projection[0, 0], projection[1, 1] = 2 * FOCAL / WIDTH, 2 * FOCAL / HEIGHT
    projection[2, 2], projection[2, 3], projection[3, 2] = -1.0, -0.2, -1.0
    return Camera("Camera", "PERSP", tuple(world.ravel().tolist()), tuple(projection.ravel().tolist()))


def passes(time: float) -> dict[str, np.ndarray]:
    """object_id, instance, surface and depth as `read_passes` gives them."""
    who, points, depth = _seen(time)
    object_id, instance = np.zeros(who.shape, np.int32), np.zeros(who.shape, np.float32)
    surface = np.zeros((*who.shape, 3), np.float32)
    scene = balls(time)
    object_id[who == len(scene)] = GROUND
    surface[who == len(scene)] = points[who == len(scene)]
    for k, ball in enumerate(scene):
        here = who == k
        object_id[here], instance[here] = ball.object_id, ball.instance
        surface[here] = (points[here] - ball.centre) @ ball.turn + ball.rest
    return {"object_id": object_id, "instance": instance, "surface": surface, "depth": depth.astype(np.float32)}


def texture(time: float) -> np.ndarray:
    """What the picture shows: smooth waves fixed to the surfaces, (H, W, 3) float32."""
    seen = passes(time)
    waves = np.sin(seen["surface"] * (9.0, 11.0, 8.0) + seen["object_id"][..., None])
    waves *= np.cos(seen["surface"][..., ::-1] * 13.0)
    return np.where(np.isfinite(seen["depth"])[..., None], 0.5 + 0.5 * waves, 0.5).astype(np.float32)


def motion(time: float, other: float) -> tuple[np.ndarray, np.ndarray]:
    """The exact flow from `time` to `other`, (H, W, 2), and whether each point is seen there, (H, W) bool."""
    who, points, _ = _seen(time)
    moved = points.copy()
    for k, (now, then) in enumerate(zip(balls(time), balls(other), strict=True)):
        moved[who == k] = (points[who == k] - now.centre) @ now.turn @ then.turn.T + then.centre
    eye, axes = _view(other)
    behind = who < 0
    moved[behind] = eye + _rays(time, pixel_grid(HEIGHT, WIDTH))[1][behind]
    local = (moved - eye) @ axes
    distance = -local[..., 2]
    position = np.stack(
        ((WIDTH - 1) / 2 + FOCAL * local[..., 0] / distance, (HEIGHT - 1) / 2 - FOCAL * local[..., 1] / distance),
        axis=2,
    )
    hit, met = _cast(other, position)
    seen = np.where(behind, hit < 0, (hit >= 0) & (met > distance * (1 - 1e-4)))
    return (position - pixel_grid(HEIGHT, WIDTH)).astype(np.float32), seen & inside(position, HEIGHT, WIDTH)


def _turn(axis: int, angle: float) -> np.ndarray:
    matrix = np.eye(3)
    i, j = (k for k in range(3) if k != axis)
    matrix[i, i] = matrix[j, j] = np.cos(angle)
    matrix[i, j], matrix[j, i] = -np.sin(angle), np.sin(angle)
    return matrix


def _view(time: float) -> tuple[np.ndarray, np.ndarray]:
    """Where the camera is, and its right, up and backward directions as columns."""
    eye = np.array((0.4 * np.sin(0.1 * time) + 0.05 * time, -6 + 0.01 * time**2, 1.6))
    forward = np.array((0.0, 0.0, 0.9)) - eye
    forward /= np.linalg.norm(forward)
    right = np.cross(forward, (0.0, 0.0, 1.0))
    right /= np.linalg.norm(right)
    return eye, np.stack((right, np.cross(right, forward), -forward), axis=1)


def _rays(time: float, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The eye and a direction for each position, one metre deep."""
    eye, axes = _view(time)
    across = (positions[..., 0] - (WIDTH - 1) / 2) / FOCAL
    up = -(positions[..., 1] - (HEIGHT - 1) / 2) / FOCAL
    return eye, np.stack((across, up, -np.ones_like(across)), axis=-1).astype(np.float64) @ axes.T


def _cast(time: float, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Which ball is met (their number for the ground, -1 for nothing), and at which planar depth."""
    eye, ray = _rays(time, positions)
    depth, who = np.full(ray.shape[:-1], np.inf), np.full(ray.shape[:-1], -1)
    scene = balls(time)
    length = (ray * ray).sum(-1)
    for k, ball in enumerate(scene):
        towards = ray @ (eye - ball.centre)
        inner = towards**2 - length * (np.sum((eye - ball.centre) ** 2) - ball.radius**2)
        met = np.where(inner > 0, (-towards - np.sqrt(np.maximum(inner, 0))) / length, np.inf)
        nearer = (met > 0.01) & (met < depth)
        depth[nearer], who[nearer] = met[nearer], k
    met = np.where(ray[..., 2] < -1e-6, -eye[2] / np.minimum(ray[..., 2], -1e-6), np.inf)
    ground = eye + ray * np.where(np.isfinite(met), met, 0.0)[..., None]
    nearer = (met < depth) & (np.abs(ground[..., 0]) < 5) & (np.abs(ground[..., 1]) < 8)
    depth[nearer], who[nearer] = met[nearer], len(scene)
    return who, depth


def _seen(time: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Which ball each pixel shows, the point in the world, and its planar depth."""
    grid = pixel_grid(HEIGHT, WIDTH)
    who, depth = _cast(time, grid)
    eye, ray = _rays(time, grid)
    return who, eye + ray * np.where(np.isfinite(depth), depth, 0.0)[..., None], depth
