"""A run's training replayed: its epochs for the browser's player, and as a film to keep."""
