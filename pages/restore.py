"""Restore: clean up photographs."""

import streamlit as st

from aeviz.ui.restore import moved
from aeviz.ui.restore.photo_tool import photo_tool
from aeviz.ui.shared.explain import how_it_works

TEXT = r"""
The photograph goes through a convolutional autoencoder. In training it got degraded photographs
$\tilde x$, and the loss compared its output with the clean ones $x$. It has no dense layer, so a
photograph may have any size. It is restored tile by tile. The network also has *skip connections*:
the decoder gets the feature maps of the encoder. Without them, the code would have to describe
every leaf. With them, the network only has to find what to change.
"""

st.title("Clean up a photo", anchor=False)
moved.show()
photo_tool()
how_it_works(TEXT, "")
