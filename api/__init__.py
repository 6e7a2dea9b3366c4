"""OUTSIDE: people, processes and the environment."""
