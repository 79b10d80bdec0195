"""Tables for people, and the same figures with every sample as JSON."""
import json
import math
from dataclasses import asdict

from comparison import colds, goals, joins, loads, machine
from comparison.contests import FIGURES
from comparison.sizes import TITLES

GOAL_NAMES = {"rate": "rate", "cpu_us": "CPU", "p99_ms": "p99"}


def print_header(facts):
    where = facts["machine"]
    print(f"{where['processors']} processors ({where['model']}), Linux {where['kernel']}, data on {where['fileSystem']}, "
          "client and server together")
    print("versions: " + ", ".join(f"{program} {version}" for program, version in facts["versions"].items()))
    print(f"{loads.CONNECTIONS} connections, {loads.VALUE_BYTES}-byte values, {facts['options']['rounds']} rounds of about "
          f"{facts['options']['seconds']:g} s; medians; ratios are medians of the ratios within each round")


def print_outcome(outcome):
    first, second = outcome.names
    print(f"\n### {outcome.contest.name}: {first} / {second}\n")
    print(f"{outcome.contest.why}\n")
    columns = ["load"]
    for name in outcome.names:
        columns += [f"{name} /s", "p50 ms", "p99 ms", "CPU µs/op"]
    rows = [outcome_row(outcome, load) for load in outcome.samples]
    print_table([*columns, "rate ratio (range)", "CPU ratio", "p99 ratio", "client µs/op", "busy before", "goals"], rows)
    print("\nresident at the end: " + ", ".join(
        f"{name} {size / 1e6:,.0f} MB ({outcome.base_bytes[name] / 1e6:,.0f} MB at the start)"
        for name, size in outcome.resident_bytes.items()))


def outcome_row(outcome, load):
    cells = [load.name]
    for name in outcome.names:
        cells += [
            f"{outcome.median(load, name, 'rate'):,.0f}", f"{outcome.median(load, name, 'p50_ms'):.3f}",
            f"{outcome.median(load, name, 'p99_ms'):.3f}", f"{outcome.median(load, name, 'cpu_us'):.2f}"]
    ratios = outcome.ratios(load, "rate")
    cells.append(f"**{outcome.paired_ratio(load, 'rate'):.2f}** ({min(ratios):.2f}–{max(ratios):.2f})")
    cells += [f"{outcome.paired_ratio(load, figure):.2f}" for figure in ("cpu_us", "p99_ms")]
    cells.append(" / ".join(f"{outcome.median(load, name, 'client_cpu_us'):.2f}" for name in outcome.names))
    busy = outcome.busiest(load)
    cells.append(f"{busy:.0%}" + (" (not quiet)" if busy > machine.BUSY_MAX else ""))
    cells.append(", ".join(goal_text(goal, outcome, load) for goal in goals.goals_of(outcome.contest.name, load.name)))
    return cells


def goal_text(goal, outcome, load):
    sign = "≥" if goal.more_is_better else "≤"
    return f"{GOAL_NAMES[goal.figure]} {sign} {goal.bound:.3g}: {goal.verdict(outcome.paired_ratio(load, goal.figure))}"


def print_sizes(figures, keys, overwrites):
    if not figures:
        return
    print(f"\n### size: {keys:,} keys of 22 bytes with values of {loads.VALUE_BYTES}; each overwritten {overwrites} times\n")
    rows = [
        [title, *("-" if math.isnan(by_name[figure]) else f"{by_name[figure]:,.2f}" for by_name in figures.values())]
        for figure, title in TITLES.items()]
    print_table(["", *figures], rows)


def print_join(figures):
    print(f"\n### join: a fourth node joins three, {figures['keys']:,} keys, {figures['rate']:,} operations a second, half of them writes\n")
    rows = []
    for phase in ("before", "meanwhile", "after"):
        p50, p99 = joins.medians(figures, phase)
        of_phase = [each for each in figures["windows"] if each["phase"] == phase]
        rows.append([
            phase, str(len(of_phase)), f"{p50:.3f}", f"{p99:.3f}", f"{max(each['p99_ms'] for each in of_phase):.3f}",
            f"{sum(each['operations'] for each in of_phase):,}", str(sum(each["errors"] for each in of_phase))])
    print_table(["", "windows", "p50 ms", "p99 ms", "p99 ms of the worst", "operations", "errors"], rows)
    growth = joins.growth(figures)
    verdict = "met" if growth <= joins.P99_GROWTH_MAX else "missed"
    print(f"\nThe join took {figures['joinSeconds']:.1f} s; p99 meanwhile is {growth:.2f} of that before (goal ≤ {joins.P99_GROWTH_MAX:g}: {verdict}); "
          f"busy before: {figures['busyBefore']:.0%}")


def print_cold(figures):
    print(f"\n### cold: {figures['keys']:,} keys, four times the resident budget of {figures['budgetMb']} MB; "
          f"{figures['rate']:,} reads a second of keys in memory, and as many of all keys, Zipfian 0.99\n")
    rows = [
        [title, *(f"{colds.median(figures, phase, of, percentile):.3f}" for percentile in colds.PERCENTILES)]
        for title, phase, of in (
            ("in memory, alone", "without", "resident"), ("in memory, beside those of all keys", "with", "resident"), ("of all keys", "with", "all_keys"))]
    print_table(["reads", *(f"{name} ms" for name in colds.PERCENTILES.values())], rows)
    shares = [each["cold_share"] for each in figures["windows"] if each["phase"] == "with"]
    growth = colds.growth(figures)
    verdict = "met" if growth <= colds.P99_GROWTH_MAX else "missed"
    print(f"\n{min(shares):.0%} to {max(shares):.0%} of the reads of all keys came from disk. The p99 in memory beside them is {growth:.2f} of that alone "
          f"(goal ≤ {colds.P99_GROWTH_MAX:g}: {verdict}); resident {figures['residentBytes'] / 1e6:,.0f} MB; busy before: {figures['busyBefore']:.0%}")


def print_table(columns, rows):
    print("| " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * (len(columns) - 1))
    for row in rows:
        print("| " + " | ".join(row) + " |")


def outcome_json(outcome):
    return {
        "contest": outcome.contest.name,
        "why": outcome.contest.why,
        "contenders": outcome.names,
        "baseBytes": outcome.base_bytes,
        "residentBytes": outcome.resident_bytes,
        "loads": {load.name: load_json(outcome, load) for load in outcome.samples},
    }


def load_json(outcome, load):
    checked = goals.goals_of(outcome.contest.name, load.name)
    return {
        "tool": load.tool,
        "medians": {name: {figure: outcome.median(load, name, figure) for figure in FIGURES} for name in outcome.names},
        "pairedRatios": {figure: outcome.paired_ratio(load, figure) for figure in FIGURES},
        "ratiosOfRounds": {figure: outcome.ratios(load, figure) for figure in FIGURES},
        "goals": [
            {"figure": goal.figure, "bound": goal.bound, "aim": goal.aim,
             "verdict": goal.verdict(outcome.paired_ratio(load, goal.figure))} for goal in checked],
        "samples": {name: [asdict(sample) for sample in samples] for name, samples in outcome.samples[load].items()},
    }


def to_json(facts):
    return json.dumps(without_nan(facts), indent=2)


def without_nan(value):
    """JSON has no NaN: what could not be told is null."""
    if isinstance(value, dict):
        return {name: without_nan(part) for name, part in value.items()}
    if isinstance(value, (list, tuple)):
        return [without_nan(part) for part in value]
    return None if isinstance(value, float) and math.isnan(value) else value
