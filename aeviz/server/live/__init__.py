"""Live decoding for the explorer: codes in, pixels out, once per screen frame."""
