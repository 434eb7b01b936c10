# verdicts.bash - what the checks of tests/run and tests/interop say: `ok NAME`, `FAIL NAME` with what was
# seen, or `skip NAME reason`. Sets failed=1 for a FAIL, and for a skip under CI=true.

failed=0

ok()
{
    echo "ok $1"
}

fail() # NAME, and what was seen
{
    echo "FAIL $1"
    shift
    [ $# -eq 0 ] || printf '%s\n' "$@" | tail -n 20 | sed 's/^/    /'
    failed=1
}

skip() # NAME REASON
{
    echo "skip $1 $2"
    [ "${CI:-}" != true ] || failed=1
}

# is NAME WANTED SEEN
is()
{
    if [ "$2" = "$3" ]; then ok "$1"; else fail "$1" "wanted: $2" "seen:   $3"; fi
}

# has NAME TEXT SEEN: the text is part of it
has()
{
    case $3 in
    *"$2"*) ok "$1" ;;
    *) fail "$1" "wanted: $2" "seen:   $3" ;;
    esac
}
