"""Named settings of autoencoders and restorers, and how they fit a data set."""
