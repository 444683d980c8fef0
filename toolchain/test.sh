#!/usr/bin/env bash
# The tests: `toolchain/test.sh [quick|machines|lab|hosts|fleet|short-faults|faults]`, default all but the last.
#   quick         formats, linters, types, and all tests that need no virtual machine
#   machines      the lab's two types of machine, also QEMU
#   lab           a stack of its own in virtual machines, from nothing to nothing
#   hosts         a stack on machines that exist, which are guests of the lab
#   fleet         another one with slaves
#   short-faults  a third one, under the faults of test/faults that are marked quick
#   faults        test/faults/main.ts, with the rest of the arguments
# The last line is `N passed, N failed`.
set -euo pipefail

passed=0 failed=0

# check NAME COMMAND…: one check, which shows its output only when it fails.
check() {
	local name=$1 output
	shift
	if output=$("$@" 2>&1); then
		passed=$((passed + 1))
		echo "ok      $name"
	else
		failed=$((failed + 1))
		printf 'FAILED  %s\n%s\n' "$name" "$output"
	fi
}

# suite ARGUMENT…: mocha, whose own counts are added to ours.
suite() {
	local log status=0
	log=$(mktemp)
	npx --no-install mocha --no-color "$@" 2>&1 | tee "$log" || status=${PIPESTATUS[0]}
	passed=$((passed + $(sed -nE 's/^ +([0-9]+) passing.*/\1/p' "$log" | head -n 1)))
	local failing
	failing=$(sed -nE 's/^ +([0-9]+) failing.*/\1/p' "$log" | head -n 1)
	# a run that ended without counting its failures has failed
	((failing || status == 0)) || failing=1
	failed=$((failed + failing))
	rm "$log"
}

shell_files() {
	git ls-files | while read -r file; do
		[[ -f $file ]] && head -n 1 "$file" | grep -qE '^#!/(usr/bin/env |bin/)(ba)?sh|shellcheck shell=bash' && echo "$file"
	done
}

quick() {
	local shell
	mapfile -t shell < <(shell_files)
	check prettier npx --no-install prettier --check .
	check eslint npx --no-install eslint .
	check tsc npx --no-install tsc
	check shellcheck shellcheck -x "${shell[@]}"
	check shfmt shfmt -d "${shell[@]}"
	suite
}

machines() { suite --config test/lab/.mocharc.json test/lab/machines.test.ts; }
lab() { suite --config test/lab/.mocharc.json test/lab/e2e.test.ts; }
fleet() { suite --config test/lab/.mocharc.json test/lab/fleet.test.ts; }
hosts() { suite --config test/lab/.mocharc.json test/lab/hosts.test.ts; }
short-faults() { suite --config test/lab/.mocharc.json --no-bail test/lab/faults.test.ts; }

case ${1:-all} in
faults) exec node --import tsx test/faults/main.ts "${@:2}" ;;
quick | machines | lab | hosts | fleet | short-faults) "$1" ;;
all)
	quick
	machines
	lab
	hosts
	fleet
	short-faults
	;;
*)
	echo "usage: $0 [quick|machines|lab|hosts|fleet|short-faults|faults]; found: $1" >&2
	exit 2
	;;
esac
echo "$passed passed, $failed failed"
((failed == 0))
