"""Run as `python -m mlalias`."""

import sys

from mlalias.cli import main

sys.exit(main())
