"""Files and the system: atomic writes, locks, paths, checksums, bounded JSON, priorities."""
