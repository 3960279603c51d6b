# What the demos share: each reads it first, and is then in a copy of its example that goes at the end.
# `run EXPECTED ARGUMENTS…` shows a command, runs it and tells its exit code; `say` prints a line between them.
# `lab` is where the lab keeps its state, seen from the example.
set -u
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d "${TMPDIR:-/tmp}/xlicense-demo.XXXXXX")
copy=$work/$(basename "$here")
export XDG_STATE_HOME="$work/state" XDG_CONFIG_HOME="$work/config"
unset CI XLICENSE_CHDIR
finish() {
  xlicense lab down --state "$copy/$lab" --quiet >/dev/null 2>&1
  cd / && rm -rf "$work"
}
trap finish EXIT
trap 'exit 130' INT TERM

exec 3>&1 # where commands are shown when their output goes to a file
wrong=0
say() { printf '\n# %s\n' "$*"; }
run() {
  expected=$1
  shift
  printf '\n$ xlicense %s\n' "$*" >&3
  xlicense "$@"
  status=$?
  printf '[exit %s]\n' "$status" >&3
  if [ "$status" -ne "$expected" ]; then
    printf 'demo: expected exit %s\n' "$expected" >&2
    wrong=1
  fi
}

cp -R "$here" "$copy" && cd "$copy" || exit 1
