"""The verdict: the best method with codes against the best one without, draw by draw."""

from __future__ import annotations

from aeviz.experiments.base import Result, Verdict
from aeviz.experiments.few_labels.parameters import GROUPS, WITH_CODES
from aeviz.experiments.statistics import compare, interval

FOCUS = 100
"""Labels at which the claim is judged."""


def judge(result: Result) -> Verdict:
    """At 100 labels (or the number nearest to it): the best method that uses codes of the images
    without labels, against the best that does not, both chosen on the validation images; draw by
    draw. And the same for each other number of labels."""
    findings = {
        labels: found
        for labels in sorted(result.values("labels"))
        if (found := _compared(result, labels))
    }
    if not findings:
        text = "No draw is done with every method yet."
        if result.complete:
            text = "There are too few images of each class: choose fewer Labels."
        return Verdict("open", text)
    focus = min(findings, key=lambda labels: abs(labels - FOCUS))
    ahead, with_codes, own, rival = findings[focus]
    said = f"With {focus} labels: {own}; {rival}."
    others = {
        outcome: [str(labels) for labels, row in findings.items() if row[0] == outcome]
        for outcome in ("b", "a")
    }
    words = {"b": "Codes are ahead", "a": "Codes are behind"}
    rest = _transfer(result, focus) + "".join(
        f" {words[outcome]} with {', '.join(labels)} labels."
        for outcome, labels in others.items()
        if labels and labels != [str(focus)]
    )
    if ahead == "b":
        return Verdict("holds", f"{_what_helps(with_codes)} {said}{rest}")
    if ahead == "a":
        return Verdict("fails", f"A method without codes makes fewer errors. {said}{rest}")
    return Verdict("open", f"It is too close to call. {said}{rest}")


def _what_helps(arm: str) -> str:
    if arm in GROUPS["fine-tuned"]:
        return "Pretraining on images without labels helps."
    return "Codes of images without labels help."


def _compared(result: Result, labels: int) -> tuple[str, str, str, str] | None:
    """Which error is larger, "a" (with codes), "b" (without) or "open"; the arm with codes; and
    both arms in words."""
    arms = result.values("arm", labels=labels)
    chosen = []
    for group in (
        [arm for arm in arms if arm in WITH_CODES],
        [arm for arm in arms if arm not in (*WITH_CODES, *GROUPS["transfer"])],
    ):
        if not group:
            return None
        mean = {
            arm: interval(result.of("validation_error", arm=arm, labels=labels)).mean
            for arm in group
        }
        chosen.append(min(group, key=lambda arm: mean[arm]))
    a, b = (
        dict(
            zip(
                result.values("draw", arm=arm, labels=labels),
                result.of("error", arm=arm, labels=labels),
                strict=True,
            )
        )
        for arm in chosen
    )
    shared = [draw for draw in a if draw in b]
    if not shared:
        return None
    pairs = [a[draw] for draw in shared], [b[draw] for draw in shared]
    difference = compare(*pairs, paired=True)
    words = [
        f"{arm} has {_percent(values)} errors" for arm, values in zip(chosen, pairs, strict=True)
    ]
    return difference.ahead, chosen[0], words[0], words[1]


def _transfer(result: Result, labels: int) -> str:
    """Whether layers that were learned on other images help, in a sentence; "" if not measured."""
    other, scratch = (
        result.of("error", arm=arm, labels=labels)
        for arm in (*GROUPS["transfer"], *GROUPS["dense"])
    )
    count = min(len(other), len(scratch))
    if not count:
        return ""
    ahead = compare(other[:count], scratch[:count], paired=True).ahead
    said = {"a": "hurts", "b": "helps", "open": "makes no clear difference"}[ahead]
    return (
        f" Pretraining on other data {said}: {_percent(other)} errors; the same network from "
        f"scratch {_percent(scratch)}."
    )


def _percent(errors: list[float]) -> str:
    """Mean and interval in percent, which ends at 0 and at 100."""
    return f"{interval([100 * error for error in errors]).within(0.0, 100.0)} %"
