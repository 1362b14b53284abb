"""Sources of images for a page: the model's gallery, uploads, and the drawing pad."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

import streamlit as st
import torch
from streamlit.runtime.uploaded_file_manager import UploadedFile
from torch import Tensor

from aeviz import images
from aeviz.errors import UserError
from aeviz.escaping import in_markdown
from aeviz.experiments.photo_crops import photo_crops
from aeviz.handwriting import Style
from aeviz.models import library
from aeviz.models.library import ModelInfo
from aeviz.nn.networks import ImageShape
from aeviz.ui.reconstruct import frames
from aeviz.ui.reconstruct.frames import Stack
from aeviz.ui.restore import photos
from aeviz.ui.restore.photos import Photo
from aeviz.ui.shared import live, problems
from aeviz.ui.shared.opened import Opened, open_model

SHOWN = 10
FORMATS = ["png", "jpg", "jpeg", "webp", "avif", "bmp", "tif", "tiff", "gif", "jp2", "j2k"]
MAX_FILES = 200
_KINDS = {
    "mnist": "digits", "mnist-5k": "digits", "digits": "digits", "fashion-mnist": "clothes",
}  # fmt: skip


@dataclass(frozen=True)
class Item:
    """One image x (C, H, W) in [0, 1]: a key that stays the same across reruns, the name to show,
    notes on how it was changed to fit the model, its name as a file, and the photo in which its
    character was found, if any."""

    key: str
    name: str
    x: Tensor
    notes: tuple[str, ...]
    file_name: str
    photo: Photo | None = None


def sample(labels: Tensor, classes: list[int], count: int, seed: int) -> list[int]:
    """`count` different indices into `labels` (N,), drawn with `seed`, from these classes in turn;
    from all classes if none is chosen. Fewer if there are not enough."""
    order = torch.randperm(len(labels), generator=torch.Generator().manual_seed(seed)).tolist()
    wanted = classes or sorted(set(labels.tolist()))
    queues = {c: [i for i in order if labels[i] == c] for c in wanted}
    picked: list[int] = []
    while len(picked) < count and any(queues.values()):
        picked += [queue.pop(0) for queue in queues.values() if queue]
    return picked[:count]


def gallery_item(opened: Opened, index: int) -> Item:
    """The gallery's image number `index`."""
    key = f"test-{index}"
    return Item(key, opened.class_of(index), opened.clean([index])[0], (), key)


def test_images(opened: Opened, page: str) -> list[Item]:
    """Ten images of the gallery, with a choice of classes and a button for a new sample."""
    gallery = opened.loaded.gallery
    if gallery is None:
        st.info("This model file has no test images. Please upload one of your own.")
        return []
    names = [in_markdown(name) for name in gallery.class_names]
    unchoose = partial(choose, page, None)
    classes = st.pills(
        "Classes", range(len(names)), selection_mode="multi", format_func=names.__getitem__,
        key=f"classes-{opened.info.name}", wrap=True, on_change=unchoose,
        help="Show only images of these classes. If you choose none, all are shown.",
    )  # fmt: skip
    seed = st.session_state.setdefault("sample-seed", 0)
    if st.button(
        "New sample", icon=":material/casino:", on_click=unchoose,
        help="Choose ten other test images at random.",
    ):  # fmt: skip
        seed = st.session_state["sample-seed"] = seed + 1
    return [gallery_item(opened, i) for i in sample(gallery.labels, list(classes), SHOWN, seed)]


def kind_of(dataset: str) -> str:
    """What the images of this data set show: "digits"."""
    return _KINDS.get(dataset, dataset)


def other_kinds(info: ModelInfo) -> list[Item]:
    """Images of other kinds than the training images: test images of another bundled model,
    squares of photographs, and noise."""
    shown = {"photograph": photo_crops(info.image_shape), "noise": _noise(info.image_shape)}
    other = _bundled_beside(info)
    if other is not None:
        shown = {f"from {other.data}": open_model(other).images.float() / 255} | shown
    each = SHOWN // len(shown)
    return [
        Item(f"other-{name}-{i}", name, x, (), f"{name}-{i}")
        for name, images in shown.items()
        for i, x in enumerate(images[:each])
    ]


def _noise(shape: ImageShape) -> Tensor:
    """Independent random pixels in [0, 1]: (SHOWN, C, H, W)."""
    return torch.rand(SHOWN, *shape, generator=torch.Generator().manual_seed(0))


def _bundled_beside(info: ModelInfo) -> ModelInfo | None:
    """The first bundled model for images of this size that show something else."""
    found = (
        other
        for other in library.models()
        if other.bundled
        and other.image_shape == info.image_shape
        and kind_of(other.dataset) != kind_of(info.dataset)
    )
    return next(found, None)


def drawing(info: ModelInfo) -> list[Item]:
    """The drawing pad, and its image if there is a drawing."""
    pixels = live.drawing(info)
    if pixels is None:
        return []
    return [Item("drawing", "your drawing", torch.from_numpy(pixels).float() / 255, (), "drawing")]


def chosen(page: str) -> str | None:
    """The key of the image that a person has chosen on this page."""
    return st.session_state.get(f"{page}-chosen")


def choose(page: str, key: str | None) -> None:
    """Sets the image that the page shows large; None for the first one."""
    st.session_state[f"{page}-chosen"] = key


def among(items: Sequence[Item], page: str) -> Item:
    """The image that the page shows large: the chosen one of these, or the first."""
    return next((item for item in items if item.key == chosen(page)), items[0])


def anywhere(opened: Opened, items: Sequence[Item], page: str) -> Item:
    """As `among`, but any image of the gallery may have been chosen."""
    kind, _, number = (chosen(page) or "").partition("-")
    from_gallery = kind == "test" and items[0].key.startswith("test-")
    if from_gallery and int(number) < len(opened.images):
        return gallery_item(opened, int(number))
    return among(items, page)


def pick(
    items: Sequence[Item],
    columns: Sequence[Stack],
    rows: Sequence[str],
    large: Item,
    page: str,
    name: str = "grid",
) -> None:
    """A grid with a column for each image. A click on one shows it large."""
    place = next((i for i, item in enumerate(items) if item.key == large.key), None)
    frames.pick(columns, rows, place, lambda i: choose(page, items[i].key), f"{page}-{name}")


def uploads(label: str, shape: ImageShape, style: Style | None = None) -> list[Item]:
    """A drop zone for images. If one cannot be read, the page shows why and uses the others.

    The images are fitted to `shape` (C, H, W); their notes say how. With a style, the handwritten
    character in each is found.
    """
    files = st.file_uploader(
        label, type=FORMATS, accept_multiple_files=True, key="uploads",
        help="PNG, JPEG, WebP, AVIF, BMP, TIFF or GIF. Each is resized to the model's image size.",
    )  # fmt: skip
    if len(files) > MAX_FILES:
        st.warning(f"Only the first {MAX_FILES} of {len(files)} files are used.")
    items = []
    for file in files[:MAX_FILES]:
        try:
            if style is None:
                x, notes = _read(file, file.file_id, shape)
                photo = None
            else:
                x, notes, photo = photos.read(file, file.file_id, style)
        except UserError as error:
            st.error(f"{in_markdown(file.name)}: {problems.as_markdown(error)}")
        else:
            items.append(Item(f"file-{file.file_id}", file.name[:120], x, notes, file.name, photo))
    return items


@st.cache_data(max_entries=400, show_spinner=False)
def _read(_file: UploadedFile, file_id: str, shape: ImageShape) -> tuple[Tensor, tuple[str, ...]]:
    """Cached by the upload's id, so that large files are neither hashed nor decoded again."""
    del file_id
    decoded = images.decode(_file.getvalue())
    x, notes = images.to_tensor(decoded, shape)
    return x, (*decoded.notes, *notes)
