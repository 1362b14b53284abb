"""Parts of the exported script that read and write files: model, images and the command line."""

from __future__ import annotations

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
    """All tensors of a .safetensors file by name, and its metadata.

    The file consists of 8 bytes with the length of the header, the header as JSON with the type,
    shape and position of each tensor, and the tensors.
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
    """Writes such a file, which aeviz can open, too. It contains its own SHA-256, computed with
    zeros in its place, so that a damaged copy is detected."""
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
    """The network with the file's weights, all tensors of the file, and its metadata."""
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
    """The images in the model file, which are stored on one sheet; uint8 (N, *SHAPE)."""
    if "gallery.latents" not in tensors:
        raise SystemExit("This model file contains no images: use your own with --data.")
    images = sheet(tensors)
    if images is not None:
        return images
    print("The images in the model file need Pillow. Without it, their reconstructions are used.")
    print("To use your own images: --data images.npz")
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
def encoded_gallery(model: Autoencoder, tensors: dict[str, Tensor]) -> dict[str, Tensor]:
    """The gallery with the new codes of its images; without Pillow there is none."""
    images = sheet(tensors) if "gallery.latents" in tensors else None
    if images is None:
        return {}
    batches = [batch.float() / 255 for batch in images.split(500)]
    codes = torch.cat([model.encode(x) for x in batches])
    found = {"latents": codes, "pca": on_a_plane(codes)}
{spread}    kept = {key: tensors[f"gallery.{key}"] for key in ("labels", "sprite")}
    return {f"gallery.{key}": value for key, value in (found | kept).items()}


def on_a_plane(codes: Tensor) -> Tensor:
    """Codes (N, CODE) projected to the plane of largest variance, (N, 2); codes of one or two
    dimensions stay as they are."""
    if CODE <= 2:
        return F.pad(codes, (0, 2 - CODE))
    middle = codes - codes.mean(0)
    directions = torch.linalg.eigh((middle.T @ middle).double()).eigenvectors[:, [-1, -2]]
    largest = directions.gather(0, directions.abs().argmax(0, keepdim=True))
    return (middle.double() @ (directions * largest.sign())).float()


def to_tensor(image) -> Tensor:
    """A Pillow image as uint8 (C, H, W)."""
    values = torch.frombuffer(bytearray(image.tobytes()), dtype=torch.uint8)
    return values.reshape(image.height, image.width, -1).permute(2, 0, 1)
'''

MAIN = """
def main(arguments: list[str] | None = None) -> None:
    parser = argparse.ArgumentParser(description="Continues training this autoencoder.")
    parser.add_argument("--model", type=Path, default=MODEL, help="the model file to start from")
    parser.add_argument("--data", type=Path, help="a folder of images, or an .npz of them")
    parser.add_argument("--epochs", type=int, default=1)
    # a tenth of the original one: large steps would first undo what the network has learned
    parser.add_argument("--lr", type=float, default=LEARNING_RATE / 10, help="the learning rate")
    parser.add_argument("--out", type=Path, help="file for the trained model")
    args = parser.parse_args(arguments)

    torch.manual_seed(SEED)
    device = "cuda" if torch.cuda.is_available() else "cpu"
    model, tensors, description = load(args.model)
    images = read_images(args.data) if args.data else gallery(model, tensors)
    if len(images) < 20:
        raise SystemExit("At least 20 images are needed.")
    held_out = max(2, min(len(images) // 10, 1000))
    test, images = images[:held_out].to(device), images[held_out:].to(device)
    print(f"{len(images)} images for training, {len(test)} for testing")
    train(model.to(device), images, test, args.epochs, args.lr)

    out = args.out or args.model.with_name(f"{args.model.stem}-trained.safetensors")
    model.cpu().eval()
    weights = {in_file(name): weight for name, weight in model.state_dict().items()}
    write(out, weights | encoded_gallery(model, tensors), description)
    print(f"Saved as {out}")


if __name__ == "__main__":
    main()
"""
