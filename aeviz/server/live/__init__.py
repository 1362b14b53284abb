"""The live route: codes in, pixels out, at the speed of the screen."""
