"""Moving through a latent space, and drawing it on a plane."""
