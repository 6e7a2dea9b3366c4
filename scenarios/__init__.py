"""WHAT-IFS: fleets that do not exist yet, judged with the same optimiser that is on duty."""
