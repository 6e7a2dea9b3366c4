"""One module per noun; each route only translates between HTTP and the rooms below."""
