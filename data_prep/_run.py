"""Runner of modules of multimodal_rs.data_prep, of this checkout."""

import importlib
import sys
from pathlib import Path


def run(script: str) -> None:
    """Run the module that is named like a script.

    Args:
        script: Path of the script.

    Raises:
        SystemExit: With the exit code of the module's ``main``.
    """
    # Also where another copy is installed: script and module belong together.
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'projects'))
    name = f'multimodal_rs.data_prep.{Path(script).stem}'
    main = importlib.import_module(name).main
    importlib.import_module('multimodal_rs.utils.command_line').run(main)
