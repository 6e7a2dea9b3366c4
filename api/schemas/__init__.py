"""What callers send, as pydantic models: strict, closed, every field with its unit and an example."""
