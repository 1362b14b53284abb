from __future__ import annotations

from aeviz.presets.autoencoders import PRESETS
from aeviz.runs.differences import differences

VAE, STANDARD = PRESETS["vae"].config, PRESETS["standard"].config
CODE, BETA = "bottleneck.latent_dim", "loss.beta"


def test_equal_runs_differ_in_nothing() -> None:
    assert differences([VAE, VAE]) == [{}, {}]
    assert differences([VAE]) == [{}]
    assert differences([]) == []


def test_both_say_the_setting_in_which_they_differ() -> None:
    other = VAE.replace(**{CODE: 2})
    assert differences([VAE, other]) == [{CODE: VAE.bottleneck.latent_dim}, {CODE: 2}]


def test_what_the_list_shows_anyway_is_no_difference() -> None:
    shown = {"name": "Mine", "dataset": "digits", "training.epochs": 99, "training.device": "cpu"}
    assert differences([VAE, VAE.replace(**shown)]) == [{}, {}]


def test_what_a_type_brings_along_is_no_difference() -> None:
    """Among all presets, the type says everything: no other difference is shown."""
    configs = [preset.config for preset in PRESETS.values()]
    assert differences(configs) == [{}] * len(configs)


def test_a_setting_that_does_nothing_is_no_difference() -> None:
    assert differences([STANDARD, STANDARD.replace(**{BETA: 7.0, "loss.rho": 0.3})]) == [{}, {}]
    noisy = PRESETS["denoising"].config.replace(**{"corruption.kind": "mixed"})
    assert differences([noisy, noisy.replace(**{"corruption.amount": 0.1})]) == [{}, {}]


def test_the_rarest_comes_first() -> None:
    """One of three has another beta; two of three have a code of 2."""
    odd = VAE.replace(**{CODE: 2, BETA: 4.0})
    found = differences([odd, VAE.replace(**{CODE: 2}), VAE])
    assert list(found[0]) == [BETA, CODE]
    assert list(found[2]) == [CODE, BETA]


def test_a_change_is_told_even_where_no_other_run_is_of_its_type() -> None:
    assert differences([STANDARD.replace(**{CODE: 3}), VAE]) == [{CODE: 3}, {}]


def test_runs_of_other_types_say_only_what_they_use() -> None:
    found = differences([STANDARD, VAE, VAE.replace(**{BETA: 4.0})])
    assert found == [{}, {BETA: 1.0}, {BETA: 4.0}]
