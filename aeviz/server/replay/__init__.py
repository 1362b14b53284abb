"""Replay of a training: its epochs for the browser's player, and as a film to download."""
