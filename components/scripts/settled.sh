# shellcheck shell=bash
# Whether the pair is one after a change: no `up` ends well over two masters that do not see each other.
: "${VOLUME:?}" "${MOUNT:?}" "${PEER:?}"
: "${DIGEST:?}" # of all that both masters run: a change of any of it asks again

# Any state in which the two exchange data counts: a resync goes on by itself.
is_connected() { [[ $(drbdadm cstate "$VOLUME" 2>/dev/null) == @(Connected|SyncSource|SyncTarget|PausedSync?|Verify?|WFBitMap?|WFSyncUUID) ]]; }
manager() { /usr/local/lib/ha-nfs/manager.py "$@" 2>/dev/null; }
sees_peer() { manager sees "$PEER"; }
is_settled() { manager is-settled; }

# What nfsd takes at its start alone: is it what is configured?
is_as_configured() {
	local there wanted
	there="$(</proc/fs/nfsd/nfsv4leasetime) $(</proc/fs/nfsd/nfsv4gracetime)"
	wanted=$(sed -nE 's/^(lease|grace)-time=//p' /etc/nfs.conf.d/ha-nfs.conf)
	[[ $there == "${wanted//$'\n'/ }" ]]
}

apply() {
	wait_until 120 "DRBD is connected to $PEER; it is $(drbdadm cstate "$VOLUME" 2>&1)" is_connected
	wait_until 120 "the cluster manager sees $PEER (npm run verify says what was changed by hand, npm run reapply mends it)" sees_peer
	wait_until 60 "the cluster manager has given the service to a master" is_settled
	if is_mounted "$MOUNT" && ! is_as_configured; then
		log "NFS starts with the changed lease and grace on $PEER"
		/usr/local/lib/ha-nfs/give "$VOLUME" || die "the changed lease and grace take effect when the service moves: mend that, and run up again"
	fi
}

remove() { :; }

verify() {
	is_connected || drift "DRBD is not connected to $PEER: $(drbdadm cstate "$VOLUME" 2>&1)"
	sees_peer || drift "the cluster manager does not see $PEER"
	! is_mounted "$MOUNT" || is_as_configured || drift "NFS runs with another lease or grace than is configured"
}
