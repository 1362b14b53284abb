"""Home: a live map of codes, and links to the other pages."""

import streamlit as st

from aeviz.device import describe, pick_device
from aeviz.models import library
from aeviz.ui.shared import live
from aeviz.ui.shared.explain import how_it_works
from aeviz.wording import plural

MODEL = "vae-mnist-2d"
TEXT = r"""
An autoencoder is two networks that learn together. The encoder turns an image $x$ into a short
code, $z = f(x)$. The decoder turns a code back into an image, $\hat x = g(z)$. They learn to make
the reconstruction $\hat x$ as similar to $x$ as possible. On this map each place is a code, and
each point is the code of one test image. The networks never saw which digit is which: we added the
colours afterwards.
"""
TRY_THIS = "Move slowly from the 7s down to the 1s. Where does one digit turn into the next?"
NEXT = [
    (
        "explore",
        "Explore a latent space",
        "Maps and sliders for every model. Images change as you move.",
    ),
    ("train", "Train your own", "Choose data, type and size. Training takes about a minute."),
    ("restore", "Clean up a photo", "Remove noise, scratches and watermarks from your own photo."),
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
    st.info("There is no model yet. Train one first. It takes about a minute.")
else:
    st.markdown(
        "Move over the map. Each place is a code. The decoder turns it into an image at once."
    )
    live.home(shown.name)

for column, (page, label, text) in zip(st.columns(len(NEXT)), NEXT, strict=True):
    with column.container(border=True, height="stretch"):
        st.page_link(f"{page}.py", label=f"**{label}**", icon=":material/arrow_forward:")
        st.caption(text)

if shown is not None:
    how_it_works(TEXT, shown.type, TRY_THIS)
