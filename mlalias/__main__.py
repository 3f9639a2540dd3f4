"""Run as `python -m mlalias`."""

import sys

from mlalias.cli.main import main

sys.exit(main())
