"""Other solvers on the same benchmark instances, each behind one function, for a comparison that anyone can repeat.

They come with the extra ``bench`` and are imported when they are asked for. What a peer cannot state, its module says.
"""
