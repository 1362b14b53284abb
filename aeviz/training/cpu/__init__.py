"""What makes training on a CPU faster, and nothing else."""
