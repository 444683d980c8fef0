# shellcheck shell=bash
# What proves that the peer can acknowledge nothing: DRBD's handlers, this master's door, and the fence device's command.
: "${DOOR_UNIT:?}" "${FENCE_CONF:?}" "${FENCE_PEER:?}" "${SPLIT_BRAIN:?}" "${FENCE_DEVICE?}"
: "${DOOR_ADDRESS:?}" # of this node's own door, ADDRESS:PORT

files() {
	put /etc/ha-nfs/fence.conf 644 "$FENCE_CONF"
	door_files
	put "${lib:?}/fence-peer" 755 "$FENCE_PEER"
	put "$lib/split-brain" 755 "$SPLIT_BRAIN"
	[[ -z $FENCE_DEVICE ]] || put "$lib/fence-device" 755 "$FENCE_DEVICE"
	put /etc/systemd/system/ha-nfs-door.service 644 "$DOOR_UNIT"
}

apply() {
	files
	enable_unit ha-nfs-door.service
	if is_changed "$lib/*.py" "$lib/door" '*/ha-nfs-door.service'; then
		reload_units ha-nfs-door.service
		activate systemctl restart ha-nfs-door.service
		systemctl try-restart 'ha-nfs@*.service' # the guards import the same
	fi
	systemctl start ha-nfs-door.service
	wait_until 10 "the door answers at $DOOR_ADDRESS" listens "$DOOR_ADDRESS"
}

remove() {
	disable_unit ha-nfs-door.service
	files
}

verify() {
	files
	systemctl --quiet is-active ha-nfs-door.service || drift "ha-nfs-door.service is down"
}
