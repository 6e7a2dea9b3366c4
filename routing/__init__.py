"""ROADS: what a drive costs. Knows no vehicle and no request."""
