"""`python -m clearsim.cli`, the same as `clearsim`."""

from . import main

if __name__ == "__main__":
    main()
