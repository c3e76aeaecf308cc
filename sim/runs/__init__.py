"""From a config to a result folder, and back: run, replay, manifest, size of a run."""
