"""Reckoning with shares of people: more than half, at least one third, more than two thirds.

What a newcomer gets wrong: 过半数 is *more* than half, so of 1860 it is 931; 五分之一以上 includes the fifth, so of
1000 it is 200; 超过三分之二 of 60 is 41, 三分之二以上 of 60 is 40.
"""

from fractions import Fraction
from math import ceil, floor


def more_than(share: Fraction, total: int) -> int:
    """The least number of people that is more than a share of a total.

    >>> more_than(Fraction(1, 2), 1860), more_than(Fraction(2, 3), 60)
    (931, 41)
    """
    return floor(share * total) + 1


def at_least(share: Fraction, total: int) -> int:
    """The least number of people that is a share of a total or more.

    >>> at_least(Fraction(1, 5), 1000), at_least(Fraction(1, 3), 100)
    (200, 34)
    """
    return ceil(share * total)


def plain(value: Fraction) -> str:
    """A share of heads as people write it: 30, or 24.7."""
    return str(value.numerator) if value.denominator == 1 else f"{float(value):.1f}"
