# shellcheck shell=bash
# The replication daemon on one master. The resource agent starts it where the volume is; a change restarts it there,
# and NFS does not notice.
: "${MOUNT:?}" "${PROGRAM:?}" "${WATCH:?}" "${XATTRS:?}" "${CONFIG:?}" "${SSH_CONFIG:?}" "${UNIT:?}"

unit=ha-nfs-replicator.service
# A delegation lets an NFS client keep a file to itself; the daemon reads each file that changes, so it would be recalled
# at once, and the daemon would wait for the client.
leases=/etc/sysctl.d/90-ha-nfs-replicator.conf
# What systemd keeps for a unit that is stopped, it keeps while another one names it.
named=/etc/systemd/system/multi-user.target.d/ha-nfs-replicator.conf

files() {
	put /usr/local/lib/ha-nfs/replicator.js 644 "$PROGRAM"
	put /usr/local/lib/ha-nfs/watch 755 "$WATCH"
	put /usr/local/lib/ha-nfs/xattrs 755 "$XATTRS"
	put /etc/ha-nfs/replicator/daemon.json 644 "$CONFIG"
	put /etc/ha-nfs/replicator/ssh_config 644 "$SSH_CONFIG"
	put "/etc/systemd/system/$unit" 644 "$UNIT"
	put "$named" 644 $'# made by ha-nfs\n[Unit]\nAfter='"$unit"$'\n'
	put "$leases" 644 $'# made by ha-nfs\nfs.leases-enable = 0\n'
}

apply() {
	mkdir -p /etc/ha-nfs/replicator/{slaves,ssh.d,known_hosts}
	files
	reload_units "$unit" multi-user.target
	! is_changed "$leases" || sysctl -q -p "$leases"
	is_mounted "$MOUNT" || return 0
	if is_changed '*.js' '*/watch' '*/xattrs' "*/$unit"; then
		activate systemctl restart "$unit"
	elif is_changed '*/daemon.json'; then
		activate systemctl reload "$unit"
	fi
}

remove() {
	systemctl stop "$unit" 2>/dev/null || :
	files
	sysctl -q fs.leases-enable=1
}

verify() {
	files
	! is_mounted "$MOUNT" || systemctl --quiet is-active "$unit" || drift "$unit is down"
}
