"""Reads the log of `cargo nextest run` or `cargo test` and prints how many tests passed and failed."""

import re
import sys

PLAIN = re.compile(r"^test result: \w+\. (\d+) passed; (\d+) failed")
NEXTEST = re.compile(r"^\s*Summary \[.*?\]\s+(.*)$")


def main() -> None:
    passed = failed = 0
    with open(sys.argv[1], encoding="utf-8", errors="replace") as log:
        for line in log:
            if found := PLAIN.match(line):
                passed += int(found[1])
                failed += int(found[2])
            elif found := NEXTEST.match(line):
                counts = {word: int(number) for number, word in re.findall(r"(\d+) ([a-z ]+?)(?=[,(:]|$|\s\()", found[1])}
                passed += counts.get("passed", 0)
                failed += counts.get("failed", 0) + counts.get("timed out", 0) + counts.get("exec failed", 0)
    print(passed, failed)


if __name__ == "__main__":
    main()
