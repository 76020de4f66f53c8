#!/usr/bin/env bash
# Instructions and allocations a unit of each piece of work, counted by callgrind and memcheck: the same on a busy
# machine. With them what was counted when instructions.txt was written; `instructions.sh --write` writes it anew.
set -euo pipefail
cd "$(dirname "$0")/../.."
command -v valgrind >/dev/null || { echo "instructions: first install valgrind: apt-get install valgrind" >&2; exit 1; }
benchmarks=$(swift build -c release --show-bin-path ${SCRATCH_PATH:+--scratch-path "$SCRATCH_PATH"})/benchmarks
known=Tests/Benchmarks/instructions.txt

allocations() {
    valgrind --leak-check=no --undef-value-errors=no "$benchmarks" "$1" "$2" 2>&1 |
        sed -n 's/.*heap usage: \([0-9,]*\) allocs.*/\1/p' | tr -d ,
}

# How much more `many` units take than `few`, for each of them, in hundredths.
each() { echo $((($("$1" "$2" "$4") - $("$1" "$2" "$3")) * 100 / ($4 - $3))); }

count() {
    valgrind --tool=callgrind --callgrind-out-file=/dev/null "$benchmarks" "$1" "$2" 2>&1 |
        sed -n 's/.*Collected *: *//p'
}

lines=$(while read -r work few many; do
    echo "$work $(($(each count "$work" "$few" "$many") / 100)) $(each allocations "$work" "$few" "$many")"
done <<'WORK'
parse 100 1100
transaction 20 120
pipelined 20 120
noop 5 25
plain 1 2
dotted 1 2
WORK
)
hundredths() { printf '%d.%02d' $(($1 / 100)) $(($1 % 100)); }
if [[ ${1:-} == --write ]]; then echo "$lines" >"$known"; fi
join <(sort <<<"$lines") <(sort "$known") | while read -r work now allocated then known; do
    printf '%-12s %10d instructions, %10d known (%+d %%)  %6s allocations, %s known\n' "$work" "$now" "$then" \
        $(((now - then) * 100 / then)) "$(hundredths "$allocated")" "$(hundredths "${known:-0}")"
done
