# shellcheck shell=bash
# The receiver of a replica: its login, program and units. What a directory holds already is the user's: the receiver
# refuses one that is neither empty nor its own.
: "${ROOT:?}" "${PROGRAM:?}" "${CONFIG:?}" "${RECEIVER_UNIT:?}" "${RSYNC_SOCKET:?}" "${RSYNC_UNIT:?}" "${RECEIVE:?}"
: "${RSYNC_DOOR:?}" "${SSHD_CONF:?}" "${AUTHORIZED_KEYS:?}" "${LOGIN:?}" "${HEALTH:?}"

files() {
	put /usr/local/lib/ha-nfs/replicator.js 644 "$PROGRAM"
	put /usr/local/lib/ha-nfs/receive 755 "$RECEIVE"
	put /usr/local/lib/ha-nfs/rsync-door 755 "$RSYNC_DOOR"
	put /etc/ha-nfs/replica.json 644 "$CONFIG"
	put /etc/ha-nfs/authorized_keys 644 "$AUTHORIZED_KEYS"
	put /etc/ssh/sshd_config.d/ha-nfs.conf 644 "$SSHD_CONF"
	put /etc/systemd/system/ha-nfs-replica.service 644 "$RECEIVER_UNIT"
	put /etc/systemd/system/ha-nfs-rsync.socket 644 "$RSYNC_SOCKET"
	put /etc/systemd/system/ha-nfs-rsync@.service 644 "$RSYNC_UNIT"
}

apply() {
	id "$LOGIN" >/dev/null 2>&1 || useradd --system --no-create-home --home-dir / --shell /bin/sh "$LOGIN"
	mkdir -p "$ROOT"
	files
	if is_changed '*/sshd_config.d/*'; then
		accept sshd -t
		systemctl reload ssh.service
	fi
	if is_changed '*.service' '*.socket' '*.js' '*/replica.json'; then
		reload_units ha-nfs-replica.service ha-nfs-rsync.socket
		activate systemctl restart ha-nfs-replica.service ha-nfs-rsync.socket
	fi
	enable_unit ha-nfs-replica.service
	enable_unit ha-nfs-rsync.socket
	wait_until 60 "the receiver answers at $HEALTH (journalctl -u ha-nfs-replica tells why it does not)" listens "$HEALTH"
}

# The files stay: a later apply goes on with them.
remove() {
	disable_unit ha-nfs-rsync.socket
	disable_unit ha-nfs-replica.service
	files
	systemctl reload ssh.service
	! id "$LOGIN" >/dev/null 2>&1 || userdel "$LOGIN"
}

verify() {
	files
	systemctl --quiet is-active ha-nfs-replica.service || drift "ha-nfs-replica.service is down"
	systemctl --quiet is-active ha-nfs-rsync.socket || drift "ha-nfs-rsync.socket is down"
}
