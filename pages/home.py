"""Home: something alive before anything else, and where to go from there."""

import streamlit as st

from aeviz.device import describe, pick_device
from aeviz.models import library
from aeviz.ui.shared import live
from aeviz.ui.shared.explain import how_it_works
from aeviz.wording import plural

MODEL = "vae-mnist-2d"
TEXT = r"""
An autoencoder is two networks that learn together. The encoder squeezes an image $x$ into a short
code, $z = f(x)$; the decoder turns a code back into an image, $\hat x = g(z)$; and all they are
asked is that $\hat x$ be like $x$. Here a code is a place on the map, and each point is where the
encoder put one test image. It was never told which digit is which: the colours came afterwards.
"""
TRY_THIS = "Move slowly from the 7s down to the 1s. Where does one digit turn into the next?"
NEXT = [
    ("explore", "Explore a latent space", "Sliders and maps for every model, decoded as you move."),
    ("train", "Train your own", "Choose data, type and size; watch it learn in about a minute."),
    ("restore", "Clean up a photo", "Drop a photo in: grain, scratches and watermarks come off."),
]


infos = library.models()
runs = sum(not info.bundled for info in infos)
left, facts = st.columns([3, 2], vertical_alignment="center")
left.title("See what an autoencoder sees", anchor=False)
facts.markdown(
    f":small[:gray[{describe(pick_device())} · {plural(len(infos), 'model')} · "
    f"{plural(runs, 'run')}]]",
    text_alignment="right",
)

shown = next((info for info in infos if info.name == MODEL), next(iter(infos), None))
if shown is None:
    st.info("There is no model yet. Train one first: it takes about a minute.")
else:
    st.markdown(
        "Move over the map. Each place is a code; the decoder turns it into an image, right now."
    )
    live.home(shown.name)

for column, (page, label, text) in zip(st.columns(len(NEXT)), NEXT, strict=True):
    with column.container(border=True, height="stretch"):
        st.page_link(f"{page}.py", label=f"**{label}**", icon=":material/arrow_forward:")
        st.caption(text)

if shown is not None:
    how_it_works(TEXT, shown.type, TRY_THIS)
