"""Registers and trip requests from spreadsheets, CSV and JSON files, checked cell by cell before anything is kept."""
