"""A day played against the real interface: requests, taps and everything that goes wrong, by a clock of its own."""
