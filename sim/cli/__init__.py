from sim.cli.entry import app, main

__all__ = ["app", "main"]
