"""Rules of one place put in order, so that a check looks at those that hold and at few others.

Rules of one kind that compare the same figures differ only in how hard they are to meet. Put in order once,
when a configuration is compiled, a thousand of them cost a check hardly more than the few it meets.
"""

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from creditrisk.domain.rules import Rule

Condition = Callable[[Rule], bool]
"""One comparison of a rule with the situation it is asked about."""


@dataclass(frozen=True, slots=True)
class Ladder:
    """Rules that compare one figure, the easiest to meet first: after one that is not met none is."""

    rules: Sequence[Rule]

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> "Ladder":
        """Put rules of one kind, type and currency in order: lowest block, highest exclusion first."""
        return cls(tuple(sorted(rules, key=lambda rule: rule.values, reverse=rules[0].exclusion)))

    @property
    def first(self) -> Rule:
        """One of them, which says what they have in common."""
        return self.rules[0]


@dataclass(frozen=True, slots=True)
class _Node:
    """A rule whose second figure is the easiest to meet of all below it.

    Below it lie the others in two halves, by how hard their first figure is to meet.
    """

    rule: Rule
    easier: "_Node | None"
    harder: "_Node | None"
    easiest_of_harder: Rule | None


@dataclass(frozen=True, slots=True)
class Tree:
    """Rules that compare two figures, both of which have to be met: a priority search tree.

    Finding the k that are met takes time in proportion to k and to the logarithm of how many there are.
    """

    easiest: Rule
    """By the first figure."""
    root: _Node

    @classmethod
    def of(cls, rules: Sequence[Rule]) -> "Tree":
        """Put rules of one kind, type and currency in order."""
        in_order = sorted(rules, key=lambda rule: rule.values, reverse=rules[0].exclusion)
        return cls(in_order[0], _node(in_order))

    @property
    def first(self) -> Rule:
        """One of them, which says what they have in common."""
        return self.easiest

    def met(self, first: Condition, second: Condition) -> Sequence[Rule]:
        """Those of which both conditions hold, one for each figure, in the order of their figures.

        The first one is asked even where the second holds of none: it may ask for a rate that is missing.
        """
        if not first(self.easiest):
            return ()
        return sorted(_met(self.root, first, second), key=lambda rule: (rule.values, rule.id))

    def any_met(self, first: Condition, second: Condition) -> Rule | None:
        """One of those of which both conditions hold, always the same one; None where there is none."""
        return next(_met(self.root, first, second), None) if first(self.easiest) else None


def _node(in_order: Sequence[Rule]) -> _Node:
    """Make a tree of rules that are in the order of their first figure."""
    choose = max if in_order[0].exclusion else min
    top = choose(range(len(in_order)), key=lambda at: in_order[at].values[1])
    rest = [*in_order[:top], *in_order[top + 1 :]]
    middle = (len(rest) + 1) // 2
    easier, harder = rest[:middle], rest[middle:]
    return _Node(
        in_order[top],
        _node(easier) if easier else None,
        _node(harder) if harder else None,
        harder[0] if harder else None,
    )


def _met(root: _Node, first: Condition, second: Condition) -> Iterator[Rule]:
    waiting = [root]
    while waiting:
        node = waiting.pop()
        if not second(node.rule):
            continue
        if first(node.rule):
            yield node.rule
        if node.easier is not None:
            waiting.append(node.easier)
        if node.harder is not None and node.easiest_of_harder is not None and first(node.easiest_of_harder):
            waiting.append(node.harder)


Group = Ladder | Tree
"""Rules of one kind, type and place that compare the same figures in one currency."""


def grouped(rules: Sequence[Rule]) -> Group:
    """Put rules of one kind, type and place in order."""
    return Tree.of(rules) if len(rules[0].values) > 1 else Ladder.of(rules)
