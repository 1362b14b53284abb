"""Files: atomic writes, locks, paths, checksums, bounded JSON."""
