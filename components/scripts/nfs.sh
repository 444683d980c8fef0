# shellcheck shell=bash
# The NFS service's files on one master: exports, nfs.conf, the script that starts it and what that runs. Changed exports
# and threads take effect at once; the service does not stop for anything here.
: "${VOLUME:?}" "${MOUNT:?}" "${EXPORTS:?}" "${NFS_CONF:?}" "${VOLUME_CONF:?}" "${SERVICE:?}"
: "${CONNECTIONS:?}" "${MOUNTD_UNIT:?}"

files() {
	put /etc/exports.d/ha-nfs.exports 644 "$EXPORTS"
	put /etc/nfs.conf.d/ha-nfs.conf 644 "$NFS_CONF"
	put "/etc/ha-nfs/$VOLUME.conf" 644 "$VOLUME_CONF"
	put /usr/local/lib/ha-nfs/service 755 "$SERVICE"
	put /usr/local/lib/ha-nfs/connections 755 "$CONNECTIONS"
	put /etc/systemd/system/ha-nfs-mountd.service 644 "$MOUNTD_UNIT"
	no_delegations
}

is_active() { is_mounted "$MOUNT"; }

apply() {
	files
	end_delegations
	if is_changed '*/ha-nfs-mountd.service' '*/ha-nfs.conf'; then
		reload_units ha-nfs-mountd.service
		activate systemctl restart ha-nfs-mountd.service
	fi
	enable_unit ha-nfs-mountd.service
	if is_active && is_changed '*.exports'; then
		activate /usr/local/lib/ha-nfs/service "$VOLUME" reload
	fi
	# lease and grace are nfsd's from its start on: settled.sh
	if is_active && is_changed '*/nfs.conf.d/*'; then
		activate rpc.nfsd "$(sed -n 's/^threads=//p' /etc/nfs.conf.d/ha-nfs.conf)"
	fi
}

remove() {
	disable_unit ha-nfs-mountd.service
	files
	allow_delegations
}

verify() {
	files
	verify_delegations
	systemctl --quiet is-active ha-nfs-mountd.service || drift "ha-nfs-mountd.service is down"
}
