"""A pure function of a source and a recipe to output files, run in a worker process."""
