"""Discovery: imports every module of the packages that register something."""

import importlib
import pkgutil
from collections.abc import Iterable


def import_submodules(root: str, packages: Iterable[str]) -> None:
    """Import all modules below ``root.package`` for each package.

    A new neck, dataset or transform is one new file: nothing has to be added
    to an export list.

    Args:
        root: Name of the importing package.
        packages: Names of its sub-packages.

    Raises:
        ImportError: If a module cannot be imported; the message names it.
    """
    for package in packages:
        module = importlib.import_module(f'{root}.{package}')
        for info in pkgutil.walk_packages(
            module.__path__, prefix=f'{module.__name__}.'
        ):
            try:
                importlib.import_module(info.name)
            except ImportError as error:
                raise ImportError(
                    f'{info.name} cannot be imported: {error}. '
                    'Run tools/check_env.py for what is missing.'
                ) from error
