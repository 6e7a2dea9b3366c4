"""Feeds for other systems, in their own formats."""
