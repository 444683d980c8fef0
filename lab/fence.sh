#!/usr/bin/env bash
# A guest's fence device, run for each of its connections: one line `off|on|status NODE` comes in, one line goes out:
# `off` (the power is cut, and its processes are gone), `on`, or `error: …`. It obeys for the peers given to it only.
# usage: fence.sh STACK STACK-DIRECTORY NODE=NAME...     NODE: a peer; NAME: of its processes, see power.sh
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
stack=$1 stack_directory=$2
shift 2

fail() {
	echo "error: $*"
	exit 1
}

read -r -t 5 verb node rest || fail "one line: off|on|status NODE"
name=
for peer; do [[ ${peer%%=*} != "$node" ]] || name=${peer#*=}; done
[[ $name ]] || fail "no power over '$node'; there is: ${*%%=*}"
[[ ! $rest ]] || fail "one line: off|on|status NODE"
case $verb in
off | status) "$here/power.sh" "$verb" "$stack_directory/$node" "$name" ;;
on)
	cd "$here/.." || fail "no $here"
	node --import tsx lab/main.ts --stack "$stack" start "$node" >/dev/null 2>&1 ||
		fail "$node does not start: npm run lab -- --stack $stack start $node"
	echo on
	;;
*) fail "one line: off|on|status NODE" ;;
esac
