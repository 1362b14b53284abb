"""From a person's own images to a data set: zips and uploads read, fitted, labelled and kept."""
