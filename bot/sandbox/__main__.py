"""`python -m bot.sandbox --port P --log FILE [--seed N]`: the same as `intercept-bot sandbox`."""

import argparse
import sys
from pathlib import Path

from bot.sandbox.app import main

if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m bot.sandbox", description=__doc__)
    parser.add_argument("--port", type=int, required=True, help="port on 127.0.0.1")
    parser.add_argument("--log", type=Path, required=True, help="file the calls are appended to, one JSON line each")
    parser.add_argument("--seed", type=int, default=0, help="decides what weighted outcomes fall on which parcel")
    given = parser.parse_args()
    sys.exit(main(given.port, given.log, given.seed))
