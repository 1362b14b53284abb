"""Where people's own images arrive: uploads on the disk, and the threads that read them."""
