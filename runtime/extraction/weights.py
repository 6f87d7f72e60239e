"""How much each feature speaks for a name or a town, as fitted to labelled messages.

`data/weights_name.tsv` and `data/weights_city.tsv` hold a weight and a feature a line;
`python -m tests.extraction.fitting` writes them. A sum of weights is a logarithm of odds: 0 is as likely as not.
Source: docs/adr/0015-weighed-evidence.md.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from functools import cache
from importlib.resources import files
from typing import Final, Literal

Weights = Mapping[str, float]
Weighed = Literal["name", "city"]
# The feature that every candidate has.
ALWAYS: Final = "always"


def evidence(weights: Weights, features: Iterable[str]) -> float:
    """The logarithm of the odds that what has these features is a fact, in hundredths, as the weights are."""
    return round(math.fsum(weights.get(feature, 0.0) for feature in {ALWAYS, *features}), 2)


@cache
def fitted(kind: Weighed) -> Weights:
    """The weight of every feature that has one."""
    data = files("runtime.extraction").joinpath(f"data/weights_{kind}.tsv").read_text("utf-8")
    lines = (line.split("\t") for line in data.split("\n") if line and not line.startswith("#"))
    return {feature: float(weight) for weight, feature in lines}
