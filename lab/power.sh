#!/usr/bin/env bash
# A guest's power switch, off and to look at: `off` has cut it when this returns, whatever runs the guest.
# usage: power.sh off|status DIRECTORY NAME     DIRECTORY: the node's; NAME: on the command line of all its processes
# prints: off, or on
set -euo pipefail

directory=$2 name=$3

# living: the guest's own processes. A number from a file counts only with the name on its command line.
living() {
	local file pid
	for file in vm.pid guest.pid qemu.pid; do
		pid=$(cat "$directory/$file" 2>/dev/null) || continue
		grep -qsF -- "$name" "/proc/$pid/cmdline" && echo "$pid"
	done
	return 0
}

if [[ $1 == off ]]; then
	# The runner comes first, so that it starts nothing anew; each leads a group of all that it has started.
	while mapfile -t pids < <(living) && ((${#pids[@]})); do
		for pid in "${pids[@]}"; do kill -KILL -- "-$pid" 2>/dev/null || kill -KILL "$pid" 2>/dev/null || :; done
		sleep 0.02
	done
	echo off
elif [[ $(living) ]]; then
	echo on
else
	echo off
fi
