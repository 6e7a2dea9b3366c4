"""Exact solving of small problems: every route that is worth driving, the best combination of them, and the proof.

Shares no code with the search or the checker, so that each of the three can be held against the others.
"""
