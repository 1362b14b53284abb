"""Import a person's own images as a data set: read ZIP archives and uploads, fit and label
images."""
