"""CHOICES: who drives whom, in what, and when it charges."""
