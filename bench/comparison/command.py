"""The command line of `bench/compare`, and the order of everything."""
import argparse
import os
import signal
import sys
import tempfile
import time

from comparison import colds, contenders, contests, joins, machine, report, scenarios, sizes
from comparison.processes import Trouble

ABOUT = """Torc beside redis-server, etcd and memcached on this machine, under the same load over loopback.

Contenders are measured in turn, A B A B, once the machine is quiet: rates and latencies from the client, processor time of
all processes of a contender for each operation, and ratios within each round. Servers run from temporary directories and on
ports of their own, and are ended by their ids.

scenarios:
  memory      one node against redis-server without persistence: SET and GET, redis-benchmark, -P 1, 16, 64
  everysec    the same, on disk within a second
  always      the same, on disk before the reply
  floor       one node in memory against a server on the same transport that answers and keeps nothing (bench/Torc.Benchmarks)
  quorum      three nodes against a primary with two replicas and WAIT 1; reads against one redis-server; cost of replication
  etcd        three synced nodes each
  memcached   one node in memory, through each one's own protocol
  size        memory for each key, and the time to come back with millions of keys
  join        latencies of a paced load before, while and after a fourth node joins three
  cold        latencies of reads in memory beside reads from disk, with a data set of four times the resident budget
"""
EXAMPLES = """examples:
  dotnet build -c Release src/Torc.Server && bench/compare
  bench/compare memory everysec --rounds 5 --json figures.json
  bench/compare memory --rounds 1 --seconds 0.5           a quick look
  bench/compare size --keys 5000000 --overwrites 5
"""


def parse(arguments):
    parser = argparse.ArgumentParser(
        prog="bench/compare", description=ABOUT, epilog=EXAMPLES, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("scenarios", nargs="*", metavar="SCENARIO", help="by default all")
    parser.add_argument("--torc", default=contenders.TORC,
                        help="torc.dll or an executable; default: this tree's Release build")
    parser.add_argument("--rounds", type=int, default=5, help="measurements of each load on each side (default 5)")
    parser.add_argument("--seconds", type=float, default=2.5, help="about how long one measurement takes (default 2.5)")
    parser.add_argument("--quiet-wait", type=float, default=machine.WAIT_MAX_S, metavar="S",
                        help=f"longest wait for a quiet machine before each (default {machine.WAIT_MAX_S})")
    parser.add_argument("--minutes", type=float, default=60, help="end after that long, with what was measured (default 60)")
    parser.add_argument("--keys", type=int, default=5_000_000, help="size: how many keys (default 5000000)")
    parser.add_argument("--overwrites", type=int, default=0, help="size: write each key so many times more (default 0)")
    parser.add_argument("--directory", default=tempfile.gettempdir(), metavar="PATH",
                        help="where data directories are made, each gone afterwards (default: the temporary directory)")
    parser.add_argument("--base-port", type=int, default=18600, help="ports from here on are used (default 18600)")
    parser.add_argument("--json", metavar="FILE", help="all figures, every sample, as JSON; '-' prints it instead of the tables")
    options = parser.parse_args(arguments)
    unknown = [name for name in options.scenarios if name not in scenarios.NAMES]
    if unknown:
        parser.error(f"no scenario {', '.join(unknown)}; there are: {', '.join(scenarios.NAMES)}")
    if options.rounds < 1 or options.seconds <= 0 or options.overwrites < 0:
        parser.error("--rounds has to be at least 1, --seconds above 0, --overwrites not below 0")
    if not os.path.isdir(options.directory):
        parser.error(f"--directory {options.directory} is no directory")
    return options


def run(options):
    contenders.check_built(options.torc, "src/Torc.Server")
    tempfile.tempdir = options.directory
    settings = contests.Settings(
        torc=options.torc, rounds=options.rounds, seconds=options.seconds, wait_s=options.quiet_wait,
        deadline=time.monotonic() + options.minutes * 60, base_port=options.base_port)
    facts = {
        "machine": machine.description(options.directory), "versions": contenders.versions(options.torc), "options": vars(options),
        "contests": [], "skipped": [], "size": {}, "join": {}, "cold": {}}
    quiet = options.json == "-"
    if not quiet:
        report.print_header(facts)
    for name in options.scenarios or scenarios.NAMES:
        if skip_for_missing(name, scenarios.programs(name), facts):
            continue
        if name == scenarios.SIZE:
            facts["size"] = sizes.measure_all(options.keys, options.overwrites, settings)
            if not quiet:
                report.print_sizes(facts["size"], options.keys, options.overwrites)
        elif name == scenarios.JOIN:
            facts["join"] = joins.measure(settings)
            if not quiet:
                report.print_join(facts["join"])
        elif name == scenarios.COLD:
            facts["cold"] = colds.measure(settings)
            if not quiet:
                report.print_cold(facts["cold"])
        else:
            hold_contests(name, settings, facts, quiet)
    return facts


def hold_contests(name, settings, facts, quiet):
    for contest in scenarios.SCENARIOS[name]():
        if time.monotonic() > settings.deadline:
            skip(contest.name, "the time is up (--minutes)", facts)
            continue
        try:
            outcome = contests.hold(contest, settings)
        except Trouble as trouble:
            skip(contest.name, str(trouble), facts)
            continue
        facts["contests"].append(report.outcome_json(outcome))
        if not quiet:
            report.print_outcome(outcome)
            sys.stdout.flush()


def skip_for_missing(name, programs, facts):
    problems = [problem for problem in map(contenders.missing, programs) if problem]
    for problem in problems:
        skip(name, problem, facts)
    return bool(problems)


def skip(name, why, facts):
    facts["skipped"].append({"name": name, "why": why})
    print(f"!!! {name} is LEFT OUT: {why}", file=sys.stderr, flush=True)


def main(arguments=None):
    options = parse(arguments)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit("bench/compare was told to stop"))
    try:
        facts = run(options)
    except Trouble as trouble:
        sys.exit(f"bench/compare: {trouble}")
    except KeyboardInterrupt:
        sys.exit("bench/compare was interrupted")
    if options.json == "-":
        print(report.to_json(facts))
    elif options.json:
        with open(options.json, "w") as file:
            file.write(report.to_json(facts))
    if facts["skipped"]:
        sys.exit(f"left out: {', '.join(skipped['name'] for skipped in facts['skipped'])}")
