"""Version of the package, which setup.cfg reads, and how files name it."""

__version__ = '0.1.0'
PROGRAM = 'multimodal_rs'
SOFTWARE = f'{PROGRAM} {__version__}'  # what has written a file
