"""The Lab: experiments on claims about autoencoders, and the jobs that do them."""
