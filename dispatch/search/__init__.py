"""The search behind :func:`dispatch.solve.solve`; nothing outside ``dispatch`` imports it."""
