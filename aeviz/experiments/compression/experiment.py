"""The experiment on compression: claim, charts, questions and protocol."""

from __future__ import annotations

from aeviz.evaluation import picture_formats
from aeviz.experiments import parameters as p
from aeviz.experiments.base import BreakIt, Chart, Choice, Experiment, Numeric, Prediction, Result
from aeviz.experiments.compression import matrix
from aeviz.experiments.compression.arms import BETAS, PCA_SIZES, configs
from aeviz.experiments.compression.codec import WEIGHT_BYTES
from aeviz.experiments.compression.kinds import COUNTS
from aeviz.experiments.compression.parameters import ARMS, Parameters, check
from aeviz.experiments.compression.tasks import tasks, work
from aeviz.experiments.compression.verdict import judge
from aeviz.experiments.splits import SAME_TEST


def _protocol(params: Parameters) -> list[tuple[str, str]]:
    return [
        (
            "Coder",
            "codes are rotated and scaled by the decoder's sensitivity, rounded with one step, and "
            "range-coded with histograms of the training codes, +1 in each cell; the same for PCA",
        ),
        (
            "Chosen on validation images",
            f"the step; code size ({p.as_text(params.sizes)}); beta of the VAE "
            f"({p.as_text(BETAS)}); components of PCA ({p.as_text(PCA_SIZES)}); sheet layout",
        ),
        ("Bits", "of one real file with all test codes, per image; payload: -log2 of the shares"),
        (
            "Compared at",
            "equal bits: PCA's error between two measured rates is read from its curve",
        ),
        (
            "Picture formats",
            "all test images on one sheet, grey if the images are"
            + "".join(f"; {name} cannot be written here" for name in _missing()),
        ),
        (
            "Break-even",
            f"decoder, rotation and histograms at {WEIGHT_BYTES} bytes per number, over the bytes "
            "saved per image",
        ),
        (
            "Error",
            "mean squared error per pixel of the test images, for values from 0 to 1; gray_mse: of "
            "one grey for every pixel",
        ),
        (
            "Kinds of image",
            f"number in a cell: error at {matrix.rate_of(params):g} bits per image / error of PCA "
            "that is fitted to the tested kind, with as many bits. Step and code size are chosen "
            "on validation images of the tested kind. Other data sets (clothes only if "
            "Fashion-MNIST has been downloaded) are scaled to the size of these images: up to "
            "{:,} training, {} validation and {} test images".format(*COUNTS),
        ),
        ("Test images", {"own": "of the same kind"}.get(params.tested, params.tested)),
        ("Equal for all networks", f"{params.steps} training steps"),
        SAME_TEST,
    ]


def _missing() -> list[str]:
    return [name for name in picture_formats.LOSSY if name not in picture_formats.available()]


def _answer(result: Result) -> float | None:
    bits = result.of("bits", arm="PNG")
    rates = result.values("bits", arm="PCA")
    return bits[0] / min(rates) if bits and rates else None


EXPERIMENT = Experiment(
    name="compression",
    title="Do autoencoders compress?",
    claim="With equally many bits, an autoencoder keeps more of its own kind of image than PCA, "
    "JPEG, WebP, AVIF or JPEG XL.",
    why="A picture format must work for every image. A code only has to tell one image of the "
    "training kind from another, so it needs fewer bits. PCA knows this kind, too, but only as a "
    "flat plane. The price: the decoder's weights belong to the format, and any other kind of "
    "image is lost.",
    parameters=Parameters,
    tasks=tasks,
    work=work,
    judge=judge,
    check=check,
    min_images=200,
    charts=(
        Chart(
            "mse",
            "Error per pixel (MSE)",
            "bits",
            "bits per image",
            log_x=True,
            log_y=True,
            better="lower",
            note="The lossless formats have no error, so a logarithmic axis cannot show them: see "
            "All numbers.",
        ),
        Chart(
            "break_even",
            "Images until the weights are paid for",
            "bits",
            "bits per image",
            log_x=True,
            log_y=True,
            better="lower",
            note="From this number of images on, weights and codes together take fewer bytes than "
            "the best picture format with the same error.",
        ),
    ),
    prediction=Prediction(
        "Draw the error of the dense autoencoder over the bits per image.",
        "dense",
        lambda params: params.bits,
        0.0,
        0.06,
        winner=("PCA", "autoencoder", "a picture format"),
    ),
    break_it=BreakIt(
        "Images of another kind",
        "The test images are inverted: black on white. The networks and PCA never saw that. Which "
        "codec still works?",
        {"tested": "inverted", "arms": ["dense"]},
    ),
    questions=(
        Choice(
            "Why are many images on one sheet, and not in a file each?",
            (
                "The header of a file would count more than the image",
                "A larger image has more pixels to predict from",
            ),
            0,
            (
                "One JPEG file of a small image has hundreds of bytes of tables. A file of codes "
                "has no such tables, so the comparison would be unfair. See single_bits in All "
                "numbers.",
                "The images on a sheet have little to do with each other.",
            ),
        ),
        Choice(
            "A code has 32 numbers of 32 bits. Why does it take far fewer than 1,024 bits here?",
            (
                "Most digits of the numbers do not change the image",
                "The coder also compresses the weights",
            ),
            0,
            (
                "Rounded values give nearly the same image, and frequent values take fewer bits.",
                "The weights are counted apart, at two bytes per number.",
            ),
        ),
        Numeric(
            "In your result: an image in the PNG sheet takes how many times the bits of the lowest "
            "rate?",
            _answer,
            "It is PNG's bits per image, in All numbers, divided by the lowest rate.",
            0.1,
        ),
    ),
    protocol=_protocol,
    reference={
        "dataset": "mnist",
        "bits": [16, 24, 32, 48, 64, 96, 128],
        "sizes": [8, 16, 32],
        "steps": 6000,
        "seeds": 3,
    },
    comparable=("dataset", "tested"),
    table=(
        "arm",
        "quality",
        "bits",
        "size",
        "mse",
        "pca_mse",
        "file_bits",
        "payload_bits",
        "single_bits",
        "format_bits",
        "codec_bytes",
        "break_even",
        "tested_on",
        "own_pca_mse",
        "ratio",
    ),
    recipe=lambda params, row: (
        configs(next(key for key, label in ARMS.items() if label == row["arm"]), params)[
            -1
        ].replace(**{"bottleneck.latent_dim": int(row["size"])})
        if row["arm"] in ARMS.values()
        else None
    ),
)
