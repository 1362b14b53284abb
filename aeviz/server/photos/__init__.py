"""The darkroom: photographs come in over HTTP, are restored tile by tile, and go out again."""
