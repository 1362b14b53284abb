"""The parts of `benchmarks.gpu_session`: ten minutes on a GPU."""
