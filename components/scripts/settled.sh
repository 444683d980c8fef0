# shellcheck shell=bash
# Whether the pair is one after a change: no `up` ends well over two masters that do not see each other.
: "${VOLUME:?}" "${PEER:?}"
: "${DIGEST:?}" # of all that both masters run: a change of any of it asks again

# Any state in which the two exchange data counts: a resync goes on by itself.
is_connected() { [[ $(drbdadm cstate "$VOLUME" 2>/dev/null) == @(Connected|SyncSource|SyncTarget|PausedSync?|Verify?|WFBitMap?|WFSyncUUID) ]]; }
sees_peer() { [[ $(cl_status nodestatus "$PEER" 2>/dev/null) == active ]]; }
is_settled() { [[ $(cl_status rscstatus 2>/dev/null) == @(all|local|foreign|none) ]]; }

apply() {
	wait_until 120 "DRBD is connected to $PEER; it is $(drbdadm cstate "$VOLUME" 2>&1)" is_connected
	wait_until 120 "heartbeat sees $PEER" sees_peer
	wait_until 60 "heartbeat has given the service to a master" is_settled
}

remove() { :; }

verify() {
	is_connected || drift "DRBD is not connected to $PEER: $(drbdadm cstate "$VOLUME" 2>&1)"
	sees_peer || drift "heartbeat does not see $PEER"
}
