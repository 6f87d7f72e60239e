"""What stands around a stretch of a message, as features a decision can be weighed by.

A feature is a short text, such as `before=<given>` or `segment=^,`: whether it is there is all that counts.
A segment is what stands between two signs, a sentence what stands between two of `.!?` or lines.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from runtime.extraction.word_classes import persons, tokens

_SENTENCE_ENDS: Final = frozenset({".", "!", "?", "<line>"})
_SEGMENT_ENDS: Final = frozenset({*",.!?;:-()/|*_\"'…", "..", "...", "<line>", "<hail>"})
_TOWN: Final = frozenset({"<town>", "<family>", "de", "do", "da"})
_NAME: Final = _TOWN | {"<given>"}
# What a message may hold that bears on every name and town in it.
_HELD: Final = frozenset(
    {"meu", "minha", "eu", "sou", "nome", "<kin>", "<title>", "<##>", "<address>", "<town>", "quero", "vc", "<role>", "<given>"}
)  # fmt: skip
_BACK: Final = 12
_AHEAD: Final = 8
_MOST: Final = 3
_LONGEST: Final = 8
# Tokens on either side: few messages have more, and a stretch costs the same however long the text is.
_REACH: Final = 200


@dataclass(frozen=True, slots=True)
class Stretch:
    """What is asked about: from one token up to another, its form, and whether it is long or known.

    `shape` tells forms apart finely, `size` coarsely; both join what stands around.
    """

    first: int
    after: int
    shape: str
    size: str


class Surroundings:
    """The tokens of one folded text, and what stands around stretches of them."""

    def __init__(self, plain: str) -> None:
        self._tokens = tokens(plain)
        self._starts = {token.start: at for at, token in enumerate(self._tokens)}
        self._kinds = [token.kind for token in self._tokens]
        self._held = sorted(_HELD.intersection(self._kinds))

    def stretch(self, start: int, end: int, shape: str, size: str) -> Stretch | None:
        """The tokens of a stretch of the folded text; none where it starts within one."""
        first = self._starts.get(start)
        if first is None:
            return None
        after = first + 1
        while after < len(self._tokens) and self._tokens[after].start < end:
            after += 1
        return Stretch(first, after, shape, size)

    def features(self, of: Stretch) -> Iterator[str]:
        """Every feature of what stands around."""
        left, right = self._segment(of.first, -1), self._segment(of.after, 1)
        begin, end = self._reach(of)
        yield from self._beside(of)
        yield from self._segments(of, left, right)
        yield from self._told(of, left, right)
        for held in self._held:
            yield f"holds={held}{of.size}"
        yield f"asks={'?' in self._kinds[of.after : end]}{of.size}"
        yield f"asked={'?' in self._kinds[begin : of.first]}"
        yield f"length={min(_LONGEST, len(self._tokens) // 3)}"
        for seen in {token.seen for token in self._tokens[max(0, of.first - _BACK) : of.first]}:
            yield f"early={seen}"
        for seen in {token.seen for token in self._tokens[of.after : of.after + _AHEAD]}:
            yield f"late={seen}"

    def _beside(self, of: Stretch) -> Iterator[str]:
        """The words next to the stretch and their classes, alone and together."""
        before, behind = self.kind(of.first - 1), self.kind(of.after)
        further, beyond = self.kind(of.first - 2), self.kind(of.after + 1)
        yield f"word before={self._seen(of.first - 1)}"
        yield f"word behind={self._seen(of.after)}"
        for name, kind in (("before", before), ("behind", behind)):
            yield f"{name}={kind}"
            yield f"{name}={kind} {of.shape}"
            yield f"{name}={kind} {of.size}"
        yield f"two before={further} {before}"
        yield f"two behind={behind} {beyond}"
        yield f"words before={self._seen(of.first - 2)} {self._seen(of.first - 1)}"
        yield f"words behind={self._seen(of.after)} {self._seen(of.after + 1)}"
        yield f"three before={self.kind(of.first - 3)} {further} {before}"
        yield f"three behind={behind} {beyond} {self.kind(of.after + 2)}"
        yield f"between={before} {behind}"
        yield f"between={before} {behind} {of.shape}"
        yield f"between two={further} {before} {behind}"

    def _segments(self, of: Stretch, left: int, right: int) -> Iterator[str]:
        """How the stretch fills its segment, and what the ones beside it are."""
        for seen in {token.seen for token in self._tokens[left : of.first]}:
            yield f"left={seen}"
        for seen in {token.seen for token in self._tokens[of.after : right]}:
            yield f"right={seen}"
        fills = ("l" if left < of.first else "") + ("r" if right > of.after else "")
        held = f"{self.kind(left - 1)}{fills}{self.kind(right)}"
        yield f"segment={held}"
        yield f"segment={held} {of.shape}"
        last, next_ = self._past_signs(left - 1, -1), self._past_signs(right, 1)
        signs = self._kinds[last + 1 : left]
        hailed = "h" if "<hail>" in signs else ""
        previous = hailed + self._summary(self._segment(last + 1, -1), last + 1, "^")
        following = self._summary(next_, self._segment(next_, 1), "$")
        yield f"previous={previous}"
        yield f"following={following}"
        yield f"previous={previous}{signs[-1] if signs else ''}{fills}"
        yield f"following={following}{self.kind(right) if next_ > right else ''}{fills}"
        yield f"neighbours={previous} {fills} {following}"
        yield f"last={'l' in fills}{signs[-1] if signs else ''} {self._seen(last)}"
        yield f"opening={self._seen(self._segment(last + 1, -1))} {self._seen(self._segment(last + 1, -1) + 1)}"
        yield f"next={'r' in fills}{self.kind(right)} {self._seen(next_)} {self._seen(next_ + 1)}"
        yield f"next={'r' in fills}{self.kind(right)} {self._seen(next_)}"
        yield f"starts={'r' in fills}{self.kind(right)} {self.kind(next_)} {self.kind(next_ + 1)}"

    def _told(self, of: Stretch, left: int, right: int) -> Iterator[str]:
        """Whom the segment, the sentence and the message speak of on either side."""
        begin, ahead = self._reach(of)
        first, last = left, right
        while first > begin and self._kinds[first - 1] not in _SENTENCE_ENDS:
            first -= 1
        while last < ahead and self._kinds[last] not in _SENTENCE_ENDS:
            last += 1
        yield f"question={self.kind(last) == '?'}"
        for name, start, end in (
            ("segment", left, of.first),
            ("segment on", of.after, right),
            ("sentence", first, left),
            ("sentence on", right, last),
            ("message", begin, of.first),
            ("message on", of.after, ahead),
        ):
            for letter in self._persons(start, end):
                yield f"{name}:{letter}"
                yield f"{name}:{letter}{of.size}"

    def kind(self, at: int) -> str:
        """The class of a token; `^` before the first and `$` behind the last."""
        return "^" if at < 0 else self._kinds[at] if at < len(self._kinds) else "$"

    def _seen(self, at: int) -> str:
        return self._tokens[at].seen if 0 <= at < len(self._tokens) else self.kind(at)

    def _reach(self, of: Stretch) -> tuple[int, int]:
        """The tokens that are looked at: from the first up to the last."""
        return max(0, of.first - _REACH), min(len(self._kinds), of.after + _REACH)

    def _segment(self, at: int, step: int) -> int:
        """Where the segment that a place is at the edge of ends, in one direction."""
        if step < 0:
            least = max(0, at - _REACH)
            while at > least and self._kinds[at - 1] not in _SEGMENT_ENDS:
                at -= 1
        else:
            most = min(len(self._kinds), at + _REACH)
            while at < most and self._kinds[at] not in _SEGMENT_ENDS:
                at += 1
        return at

    def _past_signs(self, at: int, step: int) -> int:
        end = at + step * _REACH
        while at != end and 0 <= at < len(self._kinds) and self._kinds[at] in _SEGMENT_ENDS:
            at += step
        return at

    def _summary(self, first: int, after: int, edge: str) -> str:
        """What a segment is: somebody's number, a town, a name, or whom it speaks of."""
        if first >= after:
            return edge
        kinds = set(self._kinds[first:after])
        if not kinds.isdisjoint({"<##>", "<address>"}):
            return "#"
        if kinds <= _NAME:
            return "town" if "<town>" in kinds and kinds <= _TOWN else "name"
        return f"{self._persons(first, after)}{min(after - first, _MOST)}"

    def _persons(self, first: int, after: int) -> str:
        return persons({token.word for token in self._tokens[first:after]})
