"""The catalog from Python, behind `mlalias.open`, and imported on its first use.

`catalog.py` has `open` and the class that it returns; `arguments.py` checks the types of what callers pass in.
"""
