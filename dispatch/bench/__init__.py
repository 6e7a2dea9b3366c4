"""Public research benchmarks: readers of their files, and how they become models of the search."""
