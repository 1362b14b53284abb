"""The Lab: claims about autoencoders, as experiments that can fail."""

from aeviz.ui.lab import page

page.show()
