"""Data-parallel training: several processes train one model, each with its share of every batch.

The result is that of one process, up to the order in which numbers are added: the same images,
noise and schedules, and gradients, batch statistics and losses over the whole batch. `group` has
the processes and their messages, `layers` and `engine` a step, `fit` a training, `launch` starts
processes on this machine.
"""
