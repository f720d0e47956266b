"""Implementations of the scans, one module or package each, by their names.

What stands here is a backend, and its name is the one that ``backend=`` takes.
What several of them share stands one folder above.
"""
