# shellcheck shell=bash

# answers_nfs ADDRESS: whether NFS 4 answers there, over the wire.
answers_nfs() { rpcinfo -T tcp -a "$1.8.1" 100003 4 >/dev/null 2>&1; }

# can_mount SOURCE: a real mount, read-only, which ends as soon as it is there.
can_mount() {
	local directory status=0
	directory=$(mktemp -d)
	timeout 60 mount -t nfs -o ro,vers=4.2,timeo=50 "$1" "$directory" || status=1
	umount "$directory" 2>/dev/null
	rmdir "$directory"
	return $status
}
