"""The figures that the project holds itself to, as paired ratios of Torc's figure through the other's.

By contest and load: figure, what has to be reached, what is aimed at. A rate has to be at least that, a cost at most.
"""
from dataclasses import dataclass


@dataclass(frozen=True)
class Goal:
    figure: str
    bound: float
    aim: float

    @property
    def more_is_better(self):
        return self.figure == "rate"

    def verdict(self, ratio):
        def reaches(mark):
            return ratio >= mark if self.more_is_better else ratio <= mark

        return "aim" if reaches(self.aim) else "met" if reaches(self.bound) else "MISSED"


def one_node_goals(rates):
    """`rates` by load: bound and aim. At depth 1 the client's one thread is the limit, so the cost counts beside the rate."""
    goals = {load: [Goal("rate", *marks)] for load, marks in rates.items()}
    for load in ("SET -P 1", "GET -P 1"):
        goals.setdefault(load, []).extend([Goal("cpu_us", 1.15, 1.0), Goal("p99_ms", 1.2, 1.2)])
    return goals


GOALS = {
    "memory": one_node_goals({
        "SET -P 1": (0.95, 1.05), "GET -P 1": (0.95, 1.05), "SET -P 16": (2.2, 3), "GET -P 16": (2.2, 3),
        "SET -P 64": (2.8, 4.5), "GET -P 64": (2.8, 4.5)}),
    "everysec": one_node_goals({
        "SET -P 1": (0.95, 1.05), "GET -P 1": (0.95, 1.05), "SET -P 16": (2.5, 3.5), "GET -P 16": (2.2, 3),
        "SET -P 64": (3.5, 5), "GET -P 64": (2.8, 4.5)}),
    "always": one_node_goals({
        "SET -P 1": (1.3, 1.6), "GET -P 1": (0.95, 1.05), "SET -P 16": (1.5, 3), "GET -P 16": (2.2, 3),
        "SET -P 64": (2.8, 4.5), "GET -P 64": (2.8, 4.5)}),
    "quorum: SET": {"SET -P 1": [Goal("rate", 0.6, 0.9)], "SET -P 16": [Goal("rate", 1.5, 2.5)]},
    "quorum: SET, WAIT each": {"SET -P 16": [Goal("rate", 1.5, 2.5)]},
    "quorum: GET": {"GET -P 16": [Goal("rate", 150 / 370, 250 / 370)]},
    "quorum: cost": {"SET -P 16": [Goal("cpu_us", 3.5, 2.8)]},
    "etcd": {"SET -P 1": [Goal("rate", 8, 12)], "GET -P 1": [Goal("rate", 8, 12)]},
}


def goals_of(contest_name, load_name):
    return GOALS.get(contest_name, {}).get(load_name, [])
