#!/usr/bin/env bash
# A guest's fence device, run for each of its connections: one line `off|on|status NODE` comes in, one line goes out:
# `off` (the power is cut, and its processes are gone), `on`, or `error: …`. It obeys for the peers given to it only.
# For exercises, two files in the stack's directory spoil it: fence.delay has seconds that each answer takes, fence.broken
# has `refuses` or `hangs`. fence.log has what was asked and answered: `time asker verb node answer`, and ` already` behind
# an `off` that had nothing to cut.
# usage: fence.sh STACK STACK-DIRECTORY ASKER=NAME PEER=NAME...     NAME: of a node's processes, see power.sh
set -uo pipefail
here=$(dirname "$(readlink -f "$0")")
stack=$1 stack_directory=$2 asker=$3 name='' note=''
shift 3

answer() {
	[[ ! $* ]] || echo "$*"
	echo "$EPOCHREALTIME ${asker%%=*} ${verb:--} ${node:--} $*$note" >>"$stack_directory/fence.log"
}

fail() {
	answer "error: $*"
	exit 1
}

read -r -t 5 verb node rest || fail "one line: off|on|status NODE"
case $(cat "$stack_directory/fence.broken" 2>/dev/null) in
refuses) fail "broken for an exercise" ;;
hangs) answer "" && exec sleep 600 ;;
esac
! read -r delay 2>/dev/null <"$stack_directory/fence.delay" || sleep "$delay"
for peer; do [[ ${peer%%=*} != "$node" ]] || name=${peer#*=}; done
[[ $name ]] || fail "no power over '$node'; there is: ${*%%=*}"
[[ ! $rest ]] || fail "one line: off|on|status NODE"
power() { "$here/power.sh" "$1" "$stack_directory/${2%%=*}" "${2#*=}"; }

# One after the other, and never for one that is off by now itself: of two that shoot at each other, one survives.
exec 9>"$stack_directory/fence.lock"
flock -w 10 9 || fail "another question takes too long"
[[ $(power status "$asker") == on ]] || fail "${asker%%=*} is off itself"
case $verb in
off)
	[[ $(power status "$node=$name") == on ]] || note=" already"
	answer "$(power off "$node=$name")"
	;;
status) answer "$(power status "$node=$name")" ;;
on)
	exec 9>&-
	cd "$here/.." || fail "no $here"
	program=(lab/main.js) # of the package; else of the sources
	[[ -f ${program[0]} ]] || program=(--import tsx lab/main.ts)
	node "${program[@]}" --stack "$stack" start "$node" >/dev/null 2>&1 ||
		fail "$node does not start: npm run lab -- --stack $stack start $node"
	answer on
	;;
*) fail "one line: off|on|status NODE" ;;
esac
