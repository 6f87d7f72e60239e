"""What the rules find in a text, and in which form.

| kind | what counts | `value` |
|---|---|---|
| `name` | the writer's own name, said as such ("me chamo Ana Lima", "aqui é o João", "sou a Bia"), not somebody else's; a name that stands free ("Ana Lima, apto 12", "Ana" as an answer) is the writer's unless something says otherwise | as written, first letters upper-cased: `Ana Lima`; a shouted one (`ANA LIMA`) likewise |
| `email` | an address of form local@domain.tld, also spoken ("ana arroba gmail ponto com") | lower case |
| `phone` | a Brazilian number with area code (DDD), in any notation; a mobile number without its ninth digit gets it; without DDD it is none | `+55` + DDD + number, digits only: `+5511987654321`, `+551133334444` |
| `cpf` | eleven digits, with or without dots and dash, whose check digits hold | eleven digits |
| `cnpj` | fourteen characters, numeric or alphanumeric (since July 2026), punctuated or not, whose check digits hold | fourteen characters, upper case |
| `money` | an amount in reais, in figures ("R$ 1.500,00", "1500 reais", "25 mil", "2,5k") or words ("dois mil e quinhentos reais", "meio milhão"); a bare number is none | decimal with two places: `1500.00` |
| `date` | a day, absolute ("12/03/2027", "5 de março", "dia 20") or relative to `today` ("hoje", "amanhã", "depois de amanhã", "sexta", "sexta que vem", "semana que vem" is none, "daqui a 3 dias", "em duas semanas") | ISO: `2027-03-12` |
| `city` | a Brazilian municipality said as a place where the writer is, lives or wants something ("moro em Campinas", "sou de BH", "aqui em São Paulo/SP") | its official name with accents, without the state: `Belo Horizonte` |

Dates: a day without a year is the next such day, today included; `dd/mm` and `dd/mm/aaaa` are day
first; a weekday is the next one after today ("sexta" said on a Friday is in seven days), "que vem"
and "próxima" mean the same; a day that does not exist is none. Money below one cent or negative is
none; in a range ("de 2 a 3 mil") both ends are found. A number is one kind only: a valid CPF is no
phone. Quotes are the shortest stretch of the text that holds the value with its unit ("25 mil",
"R$ 1.500,00", "Ana Lima").
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

Kind = Literal["name", "email", "phone", "cpf", "cnpj", "money", "date", "city"]


@dataclass(frozen=True, slots=True)
class Found:
    """One fact in a text. `text[start:end] == quote`, character by character."""

    kind: Kind
    value: str
    quote: str
    start: int
    end: int
    confidence: float
