"""The autoencoder itself: network x bottleneck x corruption x loss, in plain PyTorch."""
