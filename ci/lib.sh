# What the scripts in ci/ share: where things are, steps that are counted, the OTP 29 root. Sourced by bash.
#
# A step is one command: its output goes to a log, one line says how it ended, and what it counted goes to
# the tally, from which the last line 'N passed, N failed' is made.

set -euo pipefail
root=$(cd "$(dirname "${BASH_SOURCE[0]}")/.." && pwd -P)
shared=${SSL_SHARED:-$root/../shared}
logs=$root/_build/ci
mkdir -p "$logs"
export LC_ALL=C.UTF-8 TERM=dumb
unset ERL_FLAGS ERL_AFLAGS ERL_ZFLAGS ERL_LIBS ERL_COMPILER_OPTIONS REBAR_PROFILE
exec </dev/null

# ---- steps and the tally ----

# A script called by another one adds to its caller's tally, and leaves the last line to it.
outermost=; [ -n "${CI_TALLY:-}" ] || { outermost=1; CI_TALLY=$(mktemp); export CI_TALLY; }
started=$SECONDS
at_exit=()
finish_up() { local c; for c in ${at_exit[@]+"${at_exit[@]}"}; do eval "$c" || true; done; [ -z "$outermost" ] || rm -f "$CI_TALLY"; }
trap finish_up EXIT

clock() { printf '%d:%02d' $((SECONDS / 60)) $((SECONDS % 60)); }
heading() { printf '\n== %s\n' "$*"; }
record() { echo "$1 $2 $3" >>"$CI_TALLY"; }           # passed failed name

# step NAME COUNTER COMMAND...   COUNTER reads the log and prints "passed failed"; - counts the step itself
step() {
    local name=$1 counter=$2 log t0=$SECONDS rc=0 passed=0 failed=0; shift 2
    log=$logs/$(tr -c 'a-zA-Z0-9\n' '-' <<<"$name").log
    printf '   %-44s ' "$name"
    "$@" >"$log" 2>&1 || rc=$?
    if [ "$counter" = - ]; then
        if [ $rc = 0 ]; then passed=1; else failed=1; fi
    else
        read -r passed failed < <($counter "$log") || true
        if [ $rc != 0 ] && [ "$failed" = 0 ]; then failed=1; fi
        if [ "$passed$failed" = 00 ]; then failed=1; echo "(no test ran)" >>"$log"; fi
    fi
    record "$passed" "$failed" "$name"
    if [ "$failed" = 0 ]; then
        printf 'ok      %6s  %4ds\n' "$([ "$counter" = - ] || echo "$passed")" $((SECONDS - t0))
    else
        printf 'FAILED  %6s  %4ds  (%s)\n' "$([ "$counter" = - ] || echo "$passed/$((passed + failed))")" $((SECONDS - t0)) "$log"
        tail -n "${CI_TAIL:-60}" "$log" | sed 's/^/   | /'
    fi
    [ "$failed" = 0 ]
}
# The same, for steps after which the script goes on; the tally remembers.
try() { step "$@" || true; }

last_line() {
    local p f
    p=$(awk '{n += $1} END {print n + 0}' "$CI_TALLY"); f=$(awk '{n += $2} END {print n + 0}' "$CI_TALLY")
    if [ -n "$outermost" ]; then
        [ "$f" = 0 ] || { heading "what failed"; awk '$2 > 0 {k = $1 + $2; f = $2; $1 = $2 = ""; printf "  %s (%d of %d)\n", $0, f, k}' "$CI_TALLY"; }
        printf '\n%s s\n%d passed, %d failed\n' $((SECONDS - started)) "$p" "$f"
    fi
    [ "$f" = 0 ]
}

# ---- counters ----
count_cargo() { awk '/^test result:/ {p += $4; f += $6} END {print p + 0, f + 0}' "$1"; }
count_ct() { awk '/^CT: / {p += $2; f += $4} END {print p + 0, f + 0}' "$1"; }     # the line of test/ci_cth.erl
count_last() { awk '/ passed, .* failed$/ {p = $1; f = $3} END {print p + 0, f + 0}' "$1"; }

# ---- the build ----
ebin=$root/_build/default/lib/ssl/ebin
test_ebin=$root/_build/test/lib/ssl/ebin

# ---- OTP 29 in a root of its own (../shared/bin/otp29-root) ----

otp29_prepare() {
    [ -x "$shared/bin/otp29-root" ] || { echo "no $shared/bin/otp29-root: the folder 'shared' has to lie beside the checkout (or SSL_SHARED=DIR)" >&2; return 1; }
    "$shared/bin/otp29-root" "${OTP29_DIR:-/opt/otp29}" >"$logs/otp29-root.txt"
    otp29=$(sed -n 's/^root=//p' "$logs/otp29-root.txt")
    otp29_src=$(sed -n 's/^src=//p' "$logs/otp29-root.txt")
    [ -d "$otp29" ] && [ -d "$otp29_src/lib/ssl/test" ]
}

# in_otp29 DIR COMMAND...   runs in the root, in DIR of it; its /proc is mounted in a mount namespace that ends
# with the command. The network is the host's.
in_otp29() {
    local dir=$1; shift
    local run='cd "$1" && shift && exec "$@"'
    if unshare -m true 2>/dev/null; then
        unshare -m --propagation private sh -c '[ -e "$1/proc/self" ] || mount -t proc proc "$1/proc"; r=$1; shift
            exec chroot "$r" /usr/bin/env HOME=/root LC_ALL=C.UTF-8 sh -c "$@"' sh "$otp29" "$run" sh "$dir" "$@"
    else
        chroot "$otp29" /usr/bin/env HOME=/root LC_ALL=C.UTF-8 sh -c "$run" sh "$dir" "$@"
    fi
}

# otp29_stage copies the sources into the root, with the library built on the host; otp29_compile compiles them there,
# once with warnings as errors. (Beams of OTP 25 do not all load on 29.) otp29_dir and otp29_ebin are as the root sees
# them; the copy is removed when the script ends.
otp29_stage() {
    local stage; stage=$(mktemp -d "$otp29/tmp/ssl-ci.XXXXXX"); chmod 755 "$stage"
    at_exit+=("rm -rf '$stage'")
    otp29_dir=${stage#"$otp29"}
    mkdir "$stage/ssl"
    (cd "$root" && cp -r rebar.config erlang ci test Cargo.toml "$stage/ssl/")
    cp "$root/priv/ssl_nif.so" "$stage/"
    otp29_ebin=$otp29_dir/ssl/_build/default/lib/ssl/ebin
}
otp29_compile() {
    in_otp29 "$otp29_dir/ssl" env SSL_NIF_PATH="$otp29_dir/ssl_nif.so" sh -c 'rebar3 as test compile && rebar3 compile'
}
