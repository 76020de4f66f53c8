#!/usr/bin/env bash
# Runs the fuzz targets: fuzz.sh [build | run | merge | coverage] [TARGET…]
#
#   run       each target for SECONDS (60), on a copy of its corpus; what breaks is left in BUILD/findings
#   merge     takes what run found into Tests/Fuzz/corpus, as little as covers as much
#   coverage  says how much of the core each corpus reaches
set -euo pipefail
cd "$(dirname "$0")/../.."

swiftc=${SWIFTC:-swiftc}
build=${BUILD:-.build-fuzz}
seconds=${SECONDS_EACH:-60}
action=${1:-run}
shift || true
targets=("$@")
if ((${#targets[@]} == 0)); then targets=(session content line command xtext); fi

export SWIFT_BACKTRACE=enable=no
export ASAN_OPTIONS=${ASAN_OPTIONS:-detect_leaks=0:abort_on_error=1:quarantine_size_mb=16:malloc_context_size=2}
limits=(-max_len=1024 -timeout=10 -rss_limit_mb=1024)

flags=(
    -O -assert-config Debug -wmo -parse-as-library -swift-version 6 -package-name swiftsmtp
    -enable-upcoming-feature ExistentialAny -enable-upcoming-feature InternalImportsByDefault
    -enable-upcoming-feature MemberImportVisibility -I "$build"
)

# Compiles a module of the core with counters on every edge, if a source is newer than it.
core() {
    local name=$1
    if [[ -e $build/$name.o && -z $(find Sources/SMTPProtocol "Sources/$name" -newer "$build/$name.o") ]]; then
        return
    fi
    echo "fuzz: compiling $name" >&2
    find "Sources/$name" -name '*.swift' -print0 | sort -z | xargs -0 "$swiftc" "${flags[@]}" \
        -sanitize=fuzzer,address -module-name "$name" -emit-module -emit-module-path "$build/$name.swiftmodule" \
        -c -o "$build/$name.o"
}

# The targets themselves have no counters: what is counted is the core.
compile() {
    mkdir -p "$build"
    core SMTPProtocol
    core SMTPConnection
    if [[ -e $build/fuzz && -z $(find Tests/Fuzz/Targets Tests/Fuzz/Entry "$build"/SMTP*.o -newer "$build/fuzz") ]]; then
        return
    fi
    echo "fuzz: compiling the targets" >&2
    find Tests/Fuzz/Targets Tests/Fuzz/Entry -name '*.swift' -print0 | sort -z | xargs -0 "$swiftc" "${flags[@]}" \
        -sanitize=address -module-name FuzzTargets -c -o "$build/targets.o"
    "$swiftc" -sanitize=fuzzer,address -use-ld=lld "$build"/{targets,SMTPProtocol,SMTPConnection}.o -o "$build/fuzz"
}

run() {
    local target=$1 corpus=$build/corpus/$1 findings=$build/findings
    mkdir -p "$corpus" "$findings" "Tests/Fuzz/corpus/$target"
    echo "fuzz: $target for $seconds s" >&2
    FUZZ_TARGET=$target "$build/fuzz" "$corpus" "Tests/Fuzz/corpus/$target" "${limits[@]}" \
        -dict=Tests/Fuzz/dictionary -max_total_time="$seconds" -print_final_stats=1 \
        -artifact_prefix="$findings/$target-" </dev/null
}

# Small inputs first: of those that reach the same, the smallest stays.
merge() {
    local target=$1 saved=Tests/Fuzz/corpus/$1 merged=$build/merged/$1
    rm -rf "$merged"
    mkdir -p "$merged" "$saved" "$build/corpus/$target"
    FUZZ_TARGET=$target "$build/fuzz" -set_cover_merge=1 -use_counters=0 -max_len=2048 -timeout=10 "$merged" "$saved" "$build/corpus/$target" \
        </dev/null 2>"$build/merge-$target.log"
    rm -rf "$saved"
    mv "$merged" "$saved"
    echo "fuzz: $target keeps $(find "$saved" -type f | wc -l) inputs, $(du -sb "$saved" | cut -f1) octets" >&2
}

coverage() {
    local target=$1
    FUZZ_TARGET=$target "$build/fuzz" -runs=0 "Tests/Fuzz/corpus/$target" </dev/null 2>&1 \
        | sed -n -e 's/^INFO: Loaded.*(\([0-9]* inline 8-bit counters\)).*/\1/p' -e 's/.*INITED/INITED/p' \
        | sed "s/^/$target: /"
}

compile
case $action in
build) ;;
run | merge | coverage) for target in "${targets[@]}"; do "$action" "$target"; done ;;
*)
    echo "fuzz: '$action' is none of build, run, merge, coverage" >&2
    exit 2
    ;;
esac
