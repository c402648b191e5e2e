"""`python -m bench`: the measurement that the project promises figures for."""

from __future__ import annotations

import sys
from pathlib import Path

# The programs here are run as files, too, and find each other as files do.
sys.path.insert(0, str(Path(__file__).parent))

import accept

sys.exit(accept.main())
