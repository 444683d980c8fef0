# shellcheck shell=bash
# No delegations: nfsd gives a client that alone has a file open the right to lock it without asking. After a failover it
# may take such a lock before another client has reclaimed its own, and both have it for up to 20 s (measured: 1 of 26).
# And what the replicator does to a file that a dead client has on lease waits for that client.

delegations=/etc/sysctl.d/90-ha-nfs.conf

no_delegations() { put $delegations 644 $'# made by ha-nfs: nfsd gives no delegations\nfs.leases-enable = 0\n'; }

end_delegations() {
	[[ $(</proc/sys/fs/leases-enable) == 0 ]] || sysctl --quiet --load $delegations
}

allow_delegations() { sysctl --quiet fs.leases-enable=1; }

verify_delegations() { [[ $(</proc/sys/fs/leases-enable) == 0 ]] || drift "nfsd gives delegations: fs.leases-enable is not 0"; }
