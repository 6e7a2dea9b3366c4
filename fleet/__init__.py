"""FACTS: what exists, what was asked, what was promised, and what a rule requires."""
