"""Where a surface point was in another frame, whether it is seen there, and how paint is carried along."""
