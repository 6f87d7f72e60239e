"""The scale of confidence: how a fact came to be believed, not a probability that was measured.

| level | meaning |
|---|---|
| `CHECKED` | the value proves itself: check digits hold |
| `FORMED` | the form alone leaves no doubt: an address with a domain, `R$ 10,00`, `12/03/2027` |
| `EXPLICIT` | the writer says what it is: "me chamo", "moro em", "daqui a 3 dias" |
| `LIKELY` | one reading is far more usual than others: "25 mil", "dia 20", a number spoken digit by digit |
| `WEAK` | only the surroundings speak for it: "em Campinas", "sexta", "Ana aqui" |
"""

from __future__ import annotations

from typing import Final

CHECKED: Final = 0.99
FORMED: Final = 0.95
EXPLICIT: Final = 0.9
LIKELY: Final = 0.8
WEAK: Final = 0.6
