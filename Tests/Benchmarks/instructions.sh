#!/usr/bin/env bash
# Instructions a unit of each piece of work, counted by callgrind: the same on a busy machine. With them what was
# counted when instructions.txt was written; `instructions.sh --write` writes it anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v valgrind >/dev/null || { echo "instructions: first install valgrind: apt-get install valgrind" >&2; exit 1; }
benchmarks=$(swift build -c release --show-bin-path ${SCRATCH_PATH:+--scratch-path "$SCRATCH_PATH"})/benchmarks
known=Tests/Benchmarks/instructions.txt

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$benchmarks" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected *: *//p'
}

lines=$(while read -r work few many; do
    echo "$work $((($(count "$work" "$many") - $(count "$work" "$few")) / (many - few)))"
done <<'WORK'
parse 100 1100
transaction 20 120
pipelined 20 120
noop 5 25
plain 1 2
dotted 1 2
WORK
)
if [[ ${1:-} == --write ]]; then echo "$lines" >"$known"; fi
join <(sort <<<"$lines") <(sort "$known") | while read -r work now then; do
    printf '%-12s %12d instructions, %12d known (%+d %%)\n' "$work" "$now" "$then" $(((now - then) * 100 / then))
done
