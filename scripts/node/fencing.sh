# shellcheck shell=bash
# What proves that the peer can acknowledge nothing: DRBD's handlers, this master's door, and the fence device's command.
: "${NODE_PY:?}" "${RULES_PY:?}" "${WIRE_PY:?}" "${DOOR:?}" "${DOOR_UNIT:?}" "${FENCE_CONF:?}" "${FENCE_PEER:?}"
: "${SPLIT_BRAIN:?}" "${FENCE_DEVICE?}"

lib=/usr/local/lib/ha-nfs

files() {
	put /etc/ha-nfs/fence.conf 644 "$FENCE_CONF"
	put $lib/node.py 644 "$NODE_PY"
	put $lib/rules.py 644 "$RULES_PY"
	put $lib/wire.py 644 "$WIRE_PY"
	put $lib/door 755 "$DOOR"
	put $lib/fence-peer 755 "$FENCE_PEER"
	put $lib/split-brain 755 "$SPLIT_BRAIN"
	[[ -z $FENCE_DEVICE ]] || put $lib/fence-device 755 "$FENCE_DEVICE"
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
	wait_until 10 "the door answers at 127.0.0.1:7790" listens 127.0.0.1:7790
}

remove() {
	disable_unit ha-nfs-door.service
	files
}

verify() {
	files
	systemctl --quiet is-active ha-nfs-door.service || drift "ha-nfs-door.service is down"
}
