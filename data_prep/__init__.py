"""Split lists, statistics and checks: one script per dataset.

The scripts run from a checkout. Importing this package makes multimodal_rs
importable where it is not installed.
"""

import importlib.util
import sys
from pathlib import Path

if importlib.util.find_spec('multimodal_rs') is None:
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / 'projects'))
