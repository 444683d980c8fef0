#!/usr/bin/env bash
# Runs a guest as long as its power is on: its kernel, started anew after a reboot or a panic, the SSH forward to it, and
# its fence device. To kill this process is to cut the power: the kernel and its processes go with it.
# usage, in the node's directory: guest.sh NAME PORT CPU NAMESPACE TAP KERNEL-ARGUMENT...
set -euo pipefail

port=$2 cpu=$3
export INSIDE=/run/netns/$4 OUTSIDE=/proc/$$/ns/net
export SSHD=TCP:$GUEST:22,so-bindtodevice=$5,nodelay
door=TCP-LISTEN:$FENCE_PORT,bind=$FENCE_ADDRESS,so-bindtodevice=$5,reuseaddr,fork
shift 5

inside() { exec nsenter --net="$INSIDE" "$@"; }

# Where this machine's C library is too old for the kernel, the one that came with it: both files at once, for neither
# works with the other's older half, and for this process alone.
libc=()
if ! ./linux --version >/dev/null 2>&1; then
	here=${PWD// /\\040}
	printf '%s none bind\n' "$here/ld-linux-x86-64.so.2 /lib64/ld-linux-x86-64.so.2" \
		"$here/libc.so.6 /lib/x86_64-linux-gnu/libc.so.6" >libc.fstab
	# shellcheck disable=SC2016 # expanded by that shell
	libc=(unshare --mount bash -c 'mount --fstab libc.fstab --all && exec "$@"' libc)
fi

# The kernel, with no right but to its files and taps. A guest that reboots makes it run its own argument 0 anew: that
# `false` ends with 1, where a guest that powers off ends with 0.
kernel() {
	# shellcheck disable=SC2016 # expanded by that shell
	inside "${libc[@]}" taskset --cpu-list "$cpu" setpriv --no-new-privs --bounding-set=-all --inh-caps=-all \
		--pdeathsig KILL bash -c 'exec -a false ./linux "$@"' false "$@" <>console.in >>console.log 2>&1
}

# shellcheck disable=SC2016 # expanded by socat's shells
socat -lf /dev/null "TCP-LISTEN:$port,bind=127.0.0.1,reuseaddr,fork,nodelay" 'SYSTEM:exec nsenter --net=$INSIDE socat -lf /dev/null - $SSHD' &
if [[ -x fence ]]; then
	# shellcheck disable=SC2016
	(inside socat -lf /dev/null "$door" 'SYSTEM:exec nsenter --net=$OUTSIDE ./fence') &
fi

while :; do
	begun=$SECONDS status=0
	kernel "$@" &
	echo $! >guest.pid
	{ wait $! || status=$?; } 2>/dev/null
	# One that never booted would not the next time; its console says why.
	((SECONDS > begun + 2)) || break
	case $status in
	1) ;;           # rebooted
	134) sleep 5 ;; # panicked: it aborts itself, so panic=5 is ours to keep
	*) break ;;     # powered off, or killed
	esac
done
rm -f guest.pid
# The helpers with what they have forked, and this shell: its group is its own.
kill -KILL 0
