"""Days too large for one search: parts by area and time, solved side by side, drawn anew in every round."""
