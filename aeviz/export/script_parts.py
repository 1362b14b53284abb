"""Parts of the exported script: layers, losses, noise, augmentation, schedules.

The script must stand alone, so they repeat in plain PyTorch what `aeviz.nn` does; tests check that
both give the same numbers.
"""

from __future__ import annotations

RESIDUAL = '''
class ResidualBlock(nn.Module):
    """x + f(x): the block only learns the change (He et al. 2016)."""

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
    """Doubles the sides of an image, and crops it to `size` if that is odd."""

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
    # + weight * sum_j KL(rho || rho_j), where rho_j is the mean activation of unit j
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
    # + beta * sum_j max(free_bits, KL_j), where KL_j is the mean KL of dimension j: the first
    # free_bits nats of each dimension cost nothing
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
    """One of the three for each image; half of the images with less than `amount`."""
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
    """The batch shifted by up to one pixel in each direction."""
    down, right = (int(n) - 1 for n in torch.randint(0, 3, (2,)))
    return torch.roll(x, (down, right), (2, 3))
''',
    "shift-flip": '''
def augment(x: Tensor) -> Tensor:
    """The batch shifted by up to one pixel in each direction, and half of the time mirrored."""
    down, right = (int(n) - 1 for n in torch.randint(0, 3, (2,)))
    x = torch.roll(x, (down, right), (2, 3))
    return x.flip(3) if torch.rand(()) < 0.5 else x
''',
    "crop-flip": '''
def augment(x: Tensor) -> Tensor:
    """A random square of each image, of half to all of its side, scaled up; half are mirrored."""
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
    """The factor of the learning rate, a falling cosine; progress goes from 0 to 1."""
    return 0.5 * (1 + math.cos(math.pi * progress))
''',
    "one-cycle": '''
def schedule(progress: float) -> float:
    """The factor of the learning rate: up, then a falling cosine; progress goes from 0 to 1."""
    if progress < 0.15:
        return 0.04 + 0.96 * progress / 0.15
    return 0.5 * (1 + math.cos(math.pi * (progress - 0.15) / 0.85))
''',
}

WAITING = """\
        if reached < lowest:
            lowest, best_epoch = reached, epoch
            best = {name: weight.clone() for name, weight in model.state_dict().items()}
        elif epoch - best_epoch >= PATIENCE:
            print(f"stopped: no improvement for {PATIENCE} epochs")
            break
    if best:
        model.load_state_dict(best)
"""

OPTIMIZERS = {
    "adam": "torch.optim.Adam(model.parameters(), lr=rate{betas}{decay})",
    "adamw": "torch.optim.AdamW(model.parameters(), lr=rate{betas}, weight_decay={weight_decay})",
    "sgd": "torch.optim.SGD(model.parameters(), lr=rate, momentum=0.9{decay})",
}
