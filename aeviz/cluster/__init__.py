"""Work on other machines, through a Ray cluster.

The environment variable `AEVIZ_RAY` names the cluster: `auto` (the one that this machine belongs
to), `HOST:PORT`, or `ray://HOST:PORT`. Nothing here imports Ray unless it is set, and nothing
starts a cluster. docs/scale.md describes the parts.
"""
