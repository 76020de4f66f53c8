#!/usr/bin/env bash
# Runs the fuzz targets: fuzz.sh [build | run | merge | coverage | measure] [TARGET…]
#
#   run       each target for SECONDS_EACH (60), on a copy of its corpus; what breaks is left in BUILD/findings
#   merge     takes what run found into Tests/Fuzz/corpus, as little as covers as much
#   coverage  says how much of the core each corpus reaches and all of them together, and lists what none does
#   measure   says how long an input of the corpus takes, without the fuzzer around it
set -euo pipefail
cd "$(dirname "$0")/../.."

swiftc=${SWIFTC:-swiftc}
build=${BUILD:-.build-fuzz}
seconds=${SECONDS_EACH:-60}
action=${1:-run}
shift || true
targets=("$@")
all=(session chunking content line command address parameter xtext base64 sasl)
if ((${#targets[@]} == 0)); then targets=("${all[@]}"); fi

export SWIFT_BACKTRACE=enable=no
# A small quarantine stays in the cache; nothing here returns the address of a local variable.
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:abort_on_error=1:malloc_context_size=0:detect_stack_use_after_return=0:quarantine_size_mb=1:thread_local_quarantine_size_kb=64}

# Nothing of the core is inlined into the targets, where it would not be counted.
flags=(
    -O -wmo -disable-cmo -parse-as-library -swift-version 6 -package-name swiftsmtp
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility
)
# The core: a counter on every edge, address sanitizer, assertions. The targets have none of it, for speed.
checked=(-sanitize-coverage=edge,inline-8bit-counters,pc-table -sanitize=address -assert-config Debug)
# The core for `coverage`: what llvm-cov reads.
profiled=(-profile-generate -profile-coverage-mapping -assert-config Debug)

# Compiles a module of the core, if a source, or this, is newer than it.
core() {
    local into=$1 name=$2
    shift 2
    if [[ -e $into/$name.o && -z $(find Sources/SMTPProtocol "Sources/$name" Tests/Fuzz/fuzz.sh -newer "$into/$name.o") ]]; then
        return
    fi
    echo "fuzz: compiling $name" >&2
    find "Sources/$name" -name '*.swift' -print0 | sort -z | xargs -0 "$swiftc" "${flags[@]}" "$@" -I "$into" \
        -module-name "$name" -emit-module -emit-module-path "$into/$name.swiftmodule" -c -o "$into/$name.o"
    # The compiler leaves an object alone that would come out the same.
    touch "$into/$name.o"
}

# compile INTO LINKED-WITH CORE-FLAGS…
compile() {
    local into=$1 linked=$2
    shift 2
    mkdir -p "$into"
    core "$into" SMTPProtocol "$@"
    core "$into" SMTPConnection "$@"
    if [[ -e $into/fuzz && -z $(find Tests/Fuzz/Targets Tests/Fuzz/Entry "$into"/SMTP*.o -newer "$into/fuzz") ]]; then
        return
    fi
    echo "fuzz: compiling the targets" >&2
    find Tests/Fuzz/Targets Tests/Fuzz/Entry -name '*.swift' -print0 | sort -z | xargs -0 "$swiftc" "${flags[@]}" \
        -I "$into" -enforce-exclusivity=unchecked -module-name FuzzTargets -c -o "$into/targets.o"
    # shellcheck disable=SC2086
    "$swiftc" $linked -use-ld=lld "$into"/{targets,SMTPProtocol,SMTPConnection}.o -o "$into/fuzz"
}

# What costs a target time is the length of its inputs; longer ones are in the corpus and replayed.
longest() {
    case $1 in
    session | chunking) echo 64 ;;
    content) echo 200 ;;
    command) echo 80 ;;
    *) echo 48 ;;
    esac
}

run() {
    local target=$1 corpus=$build/corpus/$1 findings=$build/findings
    mkdir -p "$corpus" "$findings" "Tests/Fuzz/corpus/$target"
    echo "fuzz: $target for $seconds s" >&2
    FUZZ_TARGET=$target "$build/fuzz" "$corpus" "Tests/Fuzz/corpus/$target" -max_len="$(longest "$target")" \
        -timeout=10 -rss_limit_mb=1024 -detect_leaks=0 -entropic=0 -dict=Tests/Fuzz/dictionary \
        -max_total_time="$seconds" -print_final_stats=1 -artifact_prefix="$findings/$target-" </dev/null
}

# Small inputs first: of those that reach the same, the smallest stays.
merge() {
    local target=$1 saved=Tests/Fuzz/corpus/$1 merged=$build/merged/$1
    rm -rf "$merged"
    mkdir -p "$merged" "$saved" "$build/corpus/$target"
    FUZZ_TARGET=$target "$build/fuzz" -set_cover_merge=1 -use_counters=0 -max_len=2048 -timeout=10 \
        "$merged" "$saved" "$build/corpus/$target" </dev/null 2>"$build/merge-$target.log"
    rm -rf "$saved"
    mv "$merged" "$saved"
    echo "fuzz: $target keeps $(find "$saved" -type f | wc -l) inputs, $(du -sb "$saved" | cut -f1) octets" >&2
}

# All of the core but what no input from outside can reach: what only an application calls (tasks, defaults of
# protocols, warnings about a configuration); and the SASL mechanisms, which no session knows yet.
mapfile -t core < <(find Sources/SMTPProtocol Sources/SMTPConnection -name '*.swift' -not -name AsyncBridge.swift \
    -not -name Handler.swift -not -name PolicyWarning.swift -not -path '*/SASL/*' | sort)

coverage() {
    local into=$build/coverage tools target
    tools=$(dirname "$(readlink -f "$(command -v "$swiftc")")")
    compile "$into" "-sanitize=fuzzer -profile-generate" "${profiled[@]}"
    rm -f "$into"/*.profraw "$into"/*.profdata
    for target in "${targets[@]}"; do
        find "Tests/Fuzz/corpus/$target" -type f -print0 \
            | FUZZ_TARGET=$target LLVM_PROFILE_FILE="$into/$target-%p.profraw" xargs -0 "$into/fuzz" >"$into/$target.log" 2>&1
        "$tools/llvm-profdata" merge -o "$into/$target.profdata" "$into/$target"-*.profraw
        reached "$target"
    done
    "$tools/llvm-profdata" merge -o "$into/union.profdata" "$into"/*.profraw
    reached union
    "$tools/llvm-cov" show "$into/fuzz" -instr-profile "$into/union.profdata" -show-regions -use-color=false \
        "${core[@]}" >"$into/union.txt"
    echo "fuzz: not reached: file, regions, missed of them, function"
    "$tools/llvm-cov" report "$into/fuzz" -instr-profile "$into/union.profdata" -show-functions "${core[@]}" \
        | "$tools/swift-demangle" -simplified \
        | awk "$missed"
    echo "fuzz: line by line in $into/union.txt (^0 is a region that was not reached)"
}

# Each row ends with groups of three columns, the first of them about regions; the name before may have blanks.
missed='
    /^File / { file = $2; sub(/.*Sources\//, "", file); sub(/.:$/, "", file); next }
    { last = NF; while (last > 3 && $last ~ /%$/ && $(last - 1) ~ /^[0-9]+$/) last -= 3 }
    last < NF && $(last + 2) > 0 && $1 != "TOTAL" {
        name = $1; for (i = 2; i <= last; i++) name = name " " $i
        sub(/^[^ ]*\.swift:/, "", name); print "  " file, $(last + 1), $(last + 2), name
    }
'

# Of the regions of the core's sources: each branch of an if, a guard, a switch, a loop, an && and so on.
reached() {
    "$tools/llvm-cov" report "$into/fuzz" -instr-profile "$into/$1.profdata" "${core[@]}" \
        | awk -v name="$1" '$1 == "TOTAL" { printf "%-10s %5d of %5d regions, %s\n", name, $2 - $3, $2, $4 }'
}

measure() {
    local target=$1 files few many TIMEFORMAT='%U'
    mapfile -t files < <(find "Tests/Fuzz/corpus/$target" -type f)
    few=$({ time repeat 1; } 2>&1)
    many=$({ time repeat 21; } 2>&1)
    echo "$target ${#files[@]} $few $many" | awk '{ printf "%-10s %7.1f us an input, of %d\n", $1, ($4 - $3) * 1e6 / 20 / $2, $2 }'
}

repeat() { FUZZ_TARGET=$target "$build/fuzz" -runs="$1" -detect_leaks=0 "${files[@]}" </dev/null >/dev/null 2>&1; }

if [[ $action != coverage ]]; then compile "$build" "-sanitize=fuzzer,address" "${checked[@]}"; fi
case $action in
build) ;;
run | merge | measure) for target in "${targets[@]}"; do "$action" "$target"; done ;;
coverage) coverage ;;
*)
    echo "fuzz: '$action' is none of build, run, merge, coverage, measure" >&2
    exit 2
    ;;
esac
