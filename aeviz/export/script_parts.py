"""The parts of the script that are the same for every network, and those it picks from.

They are the text of a program that stands alone, so they repeat in plain PyTorch what `aeviz.nn`
says: the tests hold both to the same numbers.
"""

from __future__ import annotations

RESIDUAL = '''
class ResidualBlock(nn.Module):
    """x + f(x): the block only has to learn what to change (He et al. 2016)."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.body = nn.Sequential(
{body}
        )

    def forward(self, x: Tensor) -> Tensor:
        return x + self.body(x)
'''

UP = '''
class Up(nn.Module):
    """Doubles the sides of an image, and cuts it to `size` where that is odd."""

    def __init__(self, n_in: int, n_out: int, size: tuple[int, int]) -> None:
        super().__init__()
        self.conv = nn.ConvTranspose2d(n_in, n_out, 4, stride=2, padding=1)
        self.size = size

    def forward(self, x: Tensor) -> Tensor:
        height, width = self.size
        return self.conv(x)[..., :height, :width]
'''

RECONSTRUCTION = {
    "bce": """
    # L(x, x^) = -sum_i x_i log x^_i + (1 - x_i) log(1 - x^_i)   over pixels, mean over images
    loss = F.binary_cross_entropy_with_logits(raw, x, reduction="sum") / len(x)
""",
    "mse": """
    # L(x, x^) = sum_i (x_i - x^_i)^2   over pixels, mean over images
    loss = F.mse_loss({pixels}, x, reduction="sum") / len(x)
""",
    "l1": """
    # L(x, x^) = sum_i |x_i - x^_i|   over pixels, mean over images
    loss = F.l1_loss({pixels}, x, reduction="sum") / len(x)
""",
    "log-mse": """
    # L(x, x^) = D/2 log(1/D sum_i (x_i - x^_i)^2)   over the D pixels, mean over images
    error = ({pixels} - x).square().flatten(1).mean(1)
    loss = 0.5 * x[0].numel() * torch.log(error + (0.25 / 255) ** 2).mean()
""",
}

PENALTY = {
    "none": "",
    "l1": """
    # + weight * sum_j |z_j|
    loss = loss + WEIGHT * z.abs().sum(1).mean()
""",
    "kl-sparsity": """
    # + weight * sum_j KL(rho || rho_j), where rho_j is how active unit j is on average
    rho = z.mean(0).clamp(1e-6, 1 - 1e-6)
    on = RHO * (math.log(RHO) - torch.log(rho))
    off = (1 - RHO) * (math.log(1 - RHO) - torch.log(1 - rho))
    loss = loss + WEIGHT * (on + off).sum()
""",
    "contractive": """
    # + weight * ||dz/dx||^2: the squares of all entries of the encoder's Jacobian
    jacobian_of_one = torch.func.jacrev(lambda image: model.encode(image[None])[0])
    jacobian = torch.func.vmap(jacobian_of_one, randomness="different")(x_in)
    loss = loss + WEIGHT * jacobian.square().flatten(1).sum(1).mean()
""",
}

KL = """
    # + beta * KL(N(mu, sigma^2) || N(0, 1)) = beta * 1/2 (mu^2 + sigma^2 - 1 - log sigma^2)
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).sum(1).mean()
    loss = loss + beta * kl
"""

FREE_BITS = """
    # + beta * sum_j max(free_bits, KL_j), where KL_j is what dimension j holds on average: below
    # free_bits it costs the same whatever it holds
    kl = 0.5 * (mu.square() + logvar.exp() - 1 - logvar).mean(0)
    loss = loss + beta * kl.clamp(min=free_bits).sum()
"""

_GAUSSIAN = '''
def gaussian(x: Tensor, amount: Tensor | float) -> Tensor:
    """Normal noise of standard deviation `amount` on every pixel."""
    return (x + amount * torch.randn_like(x)).clamp(0, 1)
'''
_SALT = '''
def salt_and_pepper(x: Tensor, amount: Tensor | float) -> Tensor:
    """A share `amount` of the pixels becomes black or white."""
    u = torch.rand_like(x[:, :1])
    x = torch.where(u < amount / 2, torch.zeros_like(x), x)
    return torch.where(u > 1 - amount / 2, torch.ones_like(x), x)
'''
_MASKING = '''
def masking(x: Tensor, amount: Tensor | float) -> Tensor:
    """A share `amount` of the pixels becomes black."""
    return torch.where(torch.rand_like(x[:, :1]) < amount, torch.zeros_like(x), x)
'''
_MIXED = '''
def mixed(x: Tensor, amount: float) -> Tensor:
    """One of the three for each image, half of the images with less than `amount` of it."""
    kind = torch.rand(len(x), 1, 1, 1, device=x.device)
    amounts = amount * (2 * torch.rand_like(kind)).clamp(max=1)
    noisy = torch.where(kind < 0.25, salt_and_pepper(x, amounts), x)
    noisy = torch.where(kind > 0.75, masking(x, amounts), noisy)
    return torch.where((kind - 0.5).abs() <= 0.25, gaussian(x, amounts), noisy)
'''
NOISE = {
    "none": "",
    "gaussian": _GAUSSIAN,
    "salt-and-pepper": _SALT,
    "masking": _MASKING,
    "mixed": "\n".join((_GAUSSIAN, _SALT, _MASKING, _MIXED)),
}

AUGMENT = {
    "none": "",
    "shift": '''
def augment(x: Tensor) -> Tensor:
    """The batch moved by up to a pixel each way."""
    down, right = (int(n) - 1 for n in torch.randint(0, 3, (2,)))
    return torch.roll(x, (down, right), (2, 3))
''',
    "shift-flip": '''
def augment(x: Tensor) -> Tensor:
    """The batch moved by up to a pixel each way, and half of the time mirrored."""
    down, right = (int(n) - 1 for n in torch.randint(0, 3, (2,)))
    x = torch.roll(x, (down, right), (2, 3))
    return x.flip(3) if torch.rand(()) < 0.5 else x
''',
    "crop-flip": '''
def augment(x: Tensor) -> Tensor:
    """A square of each image, of half to all of its side, scaled up; half of them mirrored."""
    scale = 1 - 0.5 * torch.rand(len(x))
    down, right = (1 - scale) * (2 * torch.rand(2, len(x)) - 1)
    mirror = torch.randint(0, 2, (len(x),)) * 2 - 1
    zero = torch.zeros_like(scale)
    rows = (scale * mirror, zero, right, zero, scale, down)
    matrix = torch.stack(rows, 1).reshape(-1, 2, 3).to(x.device)
    grid = F.affine_grid(matrix, list(x.shape), align_corners=True)
    return F.grid_sample(x, grid, align_corners=True)
''',
}

SCHEDULE = {
    "constant": "",
    "cosine": '''
def schedule(progress: float) -> float:
    """The share of the learning rate, down a cosine while progress goes from 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))
''',
    "one-cycle": '''
def schedule(progress: float) -> float:
    """The share of the learning rate: up, then down a cosine; progress goes from 0 to 1."""
    if progress < 0.15:
        return 0.04 + 0.96 * progress / 0.15
    return 0.5 * (1 + math.cos(math.pi * (progress - 0.15) / 0.85))
''',
}

WAITING = """\
        if reached < least:
            least, best_epoch = reached, epoch
            best = {name: weight.clone() for name, weight in model.state_dict().items()}
        elif epoch - best_epoch >= PATIENCE:
            print(f"no better one for {PATIENCE} epochs")
            break
    if best:
        model.load_state_dict(best)
"""

OPTIMIZERS = {
    "adam": "torch.optim.Adam(model.parameters(), lr=rate{betas}{decay})",
    "adamw": "torch.optim.AdamW(model.parameters(), lr=rate{betas}, weight_decay={weight_decay})",
    "sgd": "torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9{decay})",
}

FILES = '''
KINDS = {
    "F64": torch.float64,
    "F32": torch.float32,
    "F16": torch.float16,
    "BF16": torch.bfloat16,
    "I64": torch.int64,
    "I32": torch.int32,
    "I16": torch.int16,
    "U8": torch.uint8,
}


def read(path: Path) -> tuple[dict[str, Tensor], dict[str, str]]:
    """All tensors of a .safetensors file by their names, and its description.

    The file is: 8 bytes with the length of a header; the header, JSON, which says what each tensor
    is and where it lies; the tensors.
    """
    try:
        data = bytearray(path.read_bytes())
    except OSError as error:
        raise SystemExit(f"{path} cannot be read: put the model file there.") from error
    (length,) = struct.unpack("<Q", data[:8])
    header, body = json.loads(data[8 : 8 + length]), data[8 + length :]
    description = header.pop("__metadata__")
    tensors = {}
    for name, entry in header.items():
        start, end = entry["data_offsets"]
        numbers = torch.frombuffer(body[start:end], dtype=KINDS[entry["dtype"]])
        tensors[name] = numbers.reshape(entry["shape"])
    return tensors, description


def write(path: Path, tensors: dict[str, Tensor], description: dict[str, str]) -> None:
    """Such a file, which aeviz opens, too. Its own SHA-256 is in it, taken with zeros in the place
    of the sum, so that a damaged copy is known for one."""
    kept = ("format", "format_version", "config", "image_shape", "class_names")
    zeros = "0" * 64
    metadata = {key: description[key] for key in kept if key in description}
    header: dict = {"__metadata__": {"sha256": zeros, **metadata}}
    body = bytearray()
    for name, tensor in tensors.items():
        raw = bytearray(tensor.numel() * tensor.element_size())
        torch.frombuffer(raw, dtype=tensor.dtype).copy_(tensor.flatten())
        header[name] = {
            "dtype": next(key for key, kind in KINDS.items() if kind == tensor.dtype),
            "shape": list(tensor.shape),
            "data_offsets": [len(body), len(body) + len(raw)],
        }
        body += raw
    text = json.dumps(header, separators=(",", ":")).encode()
    text += b" " * (-len(text) % 8)
    data = struct.pack("<Q", len(text)) + text + body
    path.write_bytes(data.replace(zeros.encode(), hashlib.sha256(data).hexdigest().encode(), 1))


def load(path: Path) -> tuple[Autoencoder, dict[str, Tensor], dict[str, str]]:
    """The network with the file's weights; and all that the file holds."""
    tensors, description = read(path)
    model = Autoencoder()
    model.load_state_dict({name: tensors[in_file(name)] for name in model.state_dict()})
    return model.eval(), tensors, description
'''

IMAGES = '''
def read_images(path: Path) -> Tensor:
    """The images of a folder (with Pillow) or of an .npz; uint8 (N, *SHAPE)."""
    if path.suffix == ".npz":
        return read_npz(path)
    from PIL import Image, ImageOps

    kinds = {".png", ".jpg", ".jpeg", ".bmp", ".gif", ".webp"}
    files = sorted(file for file in path.rglob("*") if file.suffix.lower() in kinds)
    if not files:
        raise SystemExit(f"There is no image in {path}.")
    mode, size = ("L" if SHAPE[0] == 1 else "RGB"), (SHAPE[2], SHAPE[1])
    return torch.stack(
        [to_tensor(ImageOps.fit(Image.open(file).convert(mode), size)) for file in files]
    )


def read_npz(path: Path) -> Tensor:
    """The first array of np.savez(path, images): uint8, (N, H, W), (N, H, W, C) or (N, C, H, W)."""
    with zipfile.ZipFile(path) as archive, archive.open(archive.namelist()[0]) as file:
        major = file.read(8)[6]
        (length,) = struct.unpack(*(("<H", file.read(2)) if major == 1 else ("<I", file.read(4))))
        header = ast.literal_eval(file.read(length).decode())
        data = bytearray(file.read())
    if header["descr"] != "|u1" or header["fortran_order"]:
        raise SystemExit(f"{path} must hold images as uint8, in row-major order.")
    images = torch.frombuffer(data, dtype=torch.uint8).reshape(header["shape"])
    if images.shape[1:] == SHAPE[1:]:
        images = images[:, None]
    elif images.shape[1:] == (*SHAPE[1:], SHAPE[0]):
        images = images.permute(0, 3, 1, 2).contiguous()
    if images.shape[1:] != SHAPE:
        raise SystemExit(f"{path} must hold images of {SHAPE} (channels, height, width).")
    return images


def gallery(model: Autoencoder, tensors: dict[str, Tensor]) -> Tensor:
    """The images that the model file has with it, laid out on one sheet; uint8 (N, *SHAPE)."""
    if "gallery.latents" not in tensors:
        raise SystemExit("This model file has no images with it: name yours with --data.")
    images = sheet(tensors)
    if images is not None:
        return images
    print("Without Pillow the sheet of images stays closed: here is what the model makes of")
    print("their codes instead. For images of your own: --data images.npz")
    with torch.no_grad():
        pixels = model.decode(tensors["gallery.latents"].float())
    return (pixels.clamp(0, 1) * 255).round().to(torch.uint8)


def sheet(tensors: dict[str, Tensor]) -> Tensor | None:
    """The same images, uint8 (N, *SHAPE); None without Pillow."""
    try:
        from PIL import Image
    except ImportError:
        return None
    count = len(tensors["gallery.latents"])
    (channels, height, width), columns = SHAPE, math.ceil(math.sqrt(count))
    Image.MAX_IMAGE_PIXELS = None  # a sheet of many images is large
    file = io.BytesIO(bytes(tensors["gallery.sprite"].tolist()))
    image = Image.open(file, formats=["PNG", "WEBP"])
    pixels = to_tensor(image.convert("L" if channels == 1 else "RGB"))
    cells = pixels.reshape(channels, -1, height, columns, width).permute(1, 3, 0, 2, 4)
    return cells.reshape(-1, *SHAPE)[:count].contiguous()


@torch.no_grad()
def coded_anew(model: Autoencoder, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The gallery with the codes that its images have by now; without Pillow there is none."""
    images = sheet(tensors) if "gallery.latents" in tensors else None
    if images is None:
        return {}
    batches = [batch.float() / 255 for batch in images.split(500)]
    codes = torch.cat([model.encode(x) for x in batches])
    found = {"latents": codes, "pca": on_a_plane(codes)}
{spread}    kept = {key: tensors[f"gallery.{key}"] for key in ("labels", "sprite")}
    return {f"gallery.{key}": value for key, value in (found | kept).items()}


def on_a_plane(codes: Tensor) -> Tensor:
    """Codes (N, CODE) on the plane where they vary most, (N, 2); those of one or two numbers as
    they are."""
    if CODE <= 2:
        return F.pad(codes, (0, 2 - CODE))
    middle = codes - codes.mean(0)
    directions = torch.linalg.eigh((middle.T @ middle).double()).eigenvectors[:, [-1, -2]]
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    return (middle.double() @ (directions * largest.sign())).float()


def to_tensor(image) -> Tensor:
    """A picture of Pillow's as uint8 (C, H, W)."""
    values = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return values.reshape(image.height, image.width, -1).permute(2, 0, 1)
'''

MAIN = """
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Trains this autoencoder on.")
    parser.add_argument("--model", type=Path, default=MODEL, help="the model file to start from")
    parser.add_argument("--data", type=Path, help="a folder of images, or an .npz of them")
    parser.add_argument("--epochs", type=int, default=1)
    # a tenth of what it was: large steps would first undo what the network knows
    parser.add_argument("--lr", type=float, default=LEARNING_RATE / 10, help="the learning rate")
    parser.add_argument("--out", type=Path, help="where the trained model goes")
    asked = parser.parse_args(arguments)

    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, tensors, description = load(asked.model)
    images = read_images(asked.data) if asked.data else gallery(model, tensors)
    if len(images) < 20:
        raise SystemExit("There should be 20 images at least.")
    held_out = max(2, min(len(images) // 10, 1000))
    test, images = images[:held_out].to(device), images[held_out:].to(device)
    print(f"{len(images)} images to learn from, {len(test)} to measure on")
    train(model.to(device), images, test, asked.epochs, asked.lr)

    out = asked.out or asked.model.with_name(f"{asked.model.stem}-trained.safetensors")
    model.cpu().eval()
    weights = {in_file(name): weight for name, weight in model.state_dict().items()}
    write(out, weights | coded_anew(model, tensors), description)
    print(f"Saved as {out}")


if __name__ == "__main__":
    main()
"""
