"""What all tests share: property tests that draw the same examples on every machine."""

from hypothesis import HealthCheck, settings

settings.register_profile(
    "aeviz", derandomize=True, deadline=None, suppress_health_check=[HealthCheck.too_slow]
)
settings.load_profile("aeviz")
