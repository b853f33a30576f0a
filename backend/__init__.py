"""Everything that runs outside Blender: shots and takes on disk, conditions, motion, painters, methods, the worker.

Nothing here imports bpy. `errors`, `storage`, `parsing`, `shot`, `take`, `protocol`, `client`, `blender` and
`environment` need only the standard library, because Blender's own Python imports them too.
"""
