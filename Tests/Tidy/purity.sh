#!/usr/bin/env bash
# The core does no IO: every symbol that its objects want from elsewhere is on a short list.
set -euo pipefail
cd "$(dirname "$0")/../.."

module=SMTPProtocol
options=(-c release ${SCRATCH_PATH:+--scratch-path "$SCRATCH_PATH"})
nm=$(dirname "$(readlink -f "$(command -v swift)")")/llvm-nm
[[ -x $nm ]] || nm=$(command -v llvm-nm || command -v nm)

folder=$(swift build "${options[@]}" --show-bin-path)/$module.build
# Objects of sources that are gone would count too.
if [[ -d $folder ]]; then find "$folder" -name "*.o" -delete; fi
swift build "${options[@]}" --target "$module"
mapfile -t objects < <(find "$folder" -name '*.o' | sort)
if ((${#objects[@]} == 0)); then
    echo "purity: no objects of $module in $folder" >&2
    exit 1
fi

# One object may want what another has, so what the module defines itself is taken off.
wanted=$(comm -23 \
    <("$nm" --undefined-only --just-symbol-name "${objects[@]}" | grep -v -e ':$' -e '^$' | sort -u) \
    <("$nm" --defined-only --just-symbol-name "${objects[@]}" | grep -v -e ':$' -e '^$' | sort -u))
if [[ -z $wanted ]]; then
    echo "purity: $nm lists no symbols, so nothing was checked" >&2
    exit 1
fi

# The module's own, the standard library's, its runtime's, and what a compiler makes of copies and allocations.
allowed='^(\$s'${#module}$module'.*|\$s[sSBy].*|\$s.*Tl|_?_?swift_.*|_swift[A-Z].*|mem(cpy|move|set|cmp)|malloc|malloc_usable_size|calloc|realloc|free|posix_memalign|aligned_alloc|__stack_chk_fail|_GLOBAL_OFFSET_TABLE_)$'
# Of the standard library: nothing that reads or prints, no arguments, no chance, no tasks, and no module built on it.
refused='^\$ss(5print|10debugPrint|4dump|8readLine|11CommandLine|27SystemRandomNumberGenerator|15ContinuousClock|15SuspendingClock)|^\$sSc|^_?swift_(task|async|job|stdlib_random)|(10Foundation|20FoundationEssentials|12_Concurrency|17_StringProcessing|15Synchronization|5Glibc|4Musl|8Dispatch|12SwiftOnoneSupport)'

found=$(grep -Ev -e "$allowed" <<<"$wanted" || true; grep -E -e "$refused" <<<"$wanted" || true)
if [[ -n $found ]]; then
    echo "purity: $module wants what a core without IO does not need:" >&2
    sort -u <<<"$found" | sed 's/^/  /' >&2
    exit 1
fi
echo "purity: $module wants $(wc -l <<<"$wanted") symbols, all of the language's own"
