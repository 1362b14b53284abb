"""The photo restorers: name -> RunConfig. One network, trained for each degradation.

`python -m aeviz train --preset restore-denoise --photos DIR --out FILE` trains one of them.
"""

from __future__ import annotations

from aeviz.config import (
    BottleneckConfig,
    CorruptionConfig,
    DegradationKind,
    LossConfig,
    NetworkConfig,
    RunConfig,
    TrainingConfig,
)

_WIDTHS = (48, 96, 192)


def _restorer(degradation: DegradationKind, epochs: int, lr: float = 4e-3) -> RunConfig:
    return RunConfig(
        type="restorer",
        dataset="photos",
        network=NetworkConfig(
            kind="unet", hidden=(), channels=_WIDTHS, residual=1, output="linear"
        ),
        bottleneck=BottleneckConfig(latent_dim=_WIDTHS[-1]),
        corruption=CorruptionConfig(degradation, 1.0),
        loss=LossConfig(reconstruction="log-mse"),
        training=TrainingConfig(
            epochs=epochs, batch_size=16, optimizer="muon", lr=lr, schedule="one-cycle", crop=96,
        ),
    )  # fmt: skip


RESTORERS: dict[str, RunConfig] = {
    "restore-denoise": _restorer("noise", 82).replace(**{"training.weight_decay": 0.1}),
    "restore-impulse": _restorer("impulse", 6),
    "restore-watermark": _restorer("watermark", 25).replace(
        **{
            "network.change": "matte",
            "network.output": "sigmoid",
            "loss.reconstruction": "bce",
            "training.crop": 160,
            "training.batch_size": 6,
            "training.weight_decay": 0.1,
        }
    ),
    "restore-inpaint": _restorer("holes", 8),
    "restore-x2": _restorer("x2", 12),
    "restore-x4": _restorer("x4", 7),
    "restore-jpeg": _restorer("jpeg", 3),
    "restore-colour": _restorer("grey", 3),
    "bottleneck-photo": _restorer("noise", 3).replace(
        **{"network.skips": "none", "bottleneck.latent_dim": 24}
    ),
}
