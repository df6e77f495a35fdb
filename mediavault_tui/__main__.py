"""`python -m mediavault_tui` is `mediavault`."""

import sys

from mediavault_tui.cli.main import main

sys.exit(main())
