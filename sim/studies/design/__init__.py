"""From a study file to its points and jobs."""
