# shellcheck shell=bash
# The guard of the volume's service, which starts and watches it where the cluster manager says so.
: "${VOLUME:?}" "${GUARD:?}" "${UPKEEP_PY:?}" "${WISH:?}" "${WAIT_PEER:?}" "${GUARD_UNIT:?}"

lib=/usr/local/lib/ha-nfs
unit=ha-nfs@$VOLUME.service

files() {
	put $lib/guard 755 "$GUARD"
	put $lib/upkeep.py 644 "$UPKEEP_PY"
	put $lib/wish 755 "$WISH"
	put $lib/wait-peer 755 "$WAIT_PEER"
	put /etc/systemd/system/ha-nfs@.service 644 "$GUARD_UNIT"
}

# A guard that starts anew leaves the service as it is.
apply() {
	files
	enable_unit "$unit"
	reload_units "$unit"
	if is_changed "$lib/*" '*/ha-nfs@.service'; then
		activate systemctl restart "$unit"
	fi
	systemctl start "$unit"
}

remove() {
	disable_unit "$unit"
	files
}

verify() {
	files
	systemctl --quiet is-active "$unit" || drift "$unit is down"
}
