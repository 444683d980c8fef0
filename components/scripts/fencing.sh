# shellcheck shell=bash
# What proves that the peer can acknowledge nothing: DRBD's handlers, this master's door, and the fence device's command.
: "${DOOR_UNIT:?}" "${FENCE_CONF:?}" "${FENCE_PEER:?}" "${SPLIT_BRAIN:?}" "${FENCE_DEVICE?}" "${FENCE_AGENT?}"
: "${DOOR_ADDRESS:?}" # of this node's own door, ADDRESS:PORT

files() {
	put /etc/ha-nfs/fence.conf 644 "$FENCE_CONF"
	door_files
	put "${lib:?}/fence-peer" 755 "$FENCE_PEER"
	put "$lib/split-brain" 755 "$SPLIT_BRAIN"
	[[ -z $FENCE_DEVICE ]] || put "$lib/fence-device" 755 "$FENCE_DEVICE"
	put /etc/systemd/system/ha-nfs-door.service 644 "$DOOR_UNIT"
}

# install_agent: from the package of its name, or of the first part of it, or from the one that has them all.
install_agent() {
	local package=fence-agents-${FENCE_AGENT#fence_}
	[[ ! -x /usr/sbin/$FENCE_AGENT ]] || return 0
	package=${package//_/-}
	apt-get -q update >/dev/null 2>&1 || :
	until [[ $package == fence-agents ]] || apt-cache show "$package" >/dev/null 2>&1; do package=${package%-*}; done
	install_packages "$package"
	[[ -x /usr/sbin/$FENCE_AGENT ]] || die "$package of Debian has no $FENCE_AGENT"
}

# ask_device: whether it knows the peer's power. One that does not is of no use when the peer has died.
ask_device() {
	local DEVICE='' PEER DEVICE_SECONDS answer
	# shellcheck source=/dev/null
	. /etc/ha-nfs/fence.conf
	[[ $DEVICE ]] || return 0
	# shellcheck disable=SC2086 # a command with its arguments
	answer=$(timeout --kill-after=1 "$DEVICE_SECONDS" $DEVICE status "$PEER" 2>/run/ha-nfs/fence-device.log) || answer+=" (exit $?)"
	[[ $answer == @(on|off) ]] || {
		echo "the fence device does not tell whether $PEER is on: $answer $(tail -n 3 /run/ha-nfs/fence-device.log)"
		return 1
	}
}

# Who is told of another peer lets go of the old one. So it must be the one that serves, with the newest data, and the old
# peer must be off: else that one may go on serving, or serve again, and what it acknowledges is lost.
require_retired() {
	local conf=/etc/ha-nfs/fence.conf old new volume state
	[[ -e $conf ]] || return 0
	old=$(sed -n 's/^PEER=//p' $conf)
	new=$(sed -n 's/^PEER=//p' <<<"$FENCE_CONF")
	volume=$(sed -n 's/^VOLUME=//p' $conf)
	[[ $old != "$new" ]] || return 0
	state="$(drbdadm role "$volume" 2>&1) $(drbdadm dstate "$volume" 2>&1)"
	[[ $state == "Primary/Unknown UpToDate/"* ]] ||
		die "$new is to replace $old, and DRBD here is $state: first give this node the service (npm run switchover -- --to $(uname -n)), then switch $old off, then run up again"
}

apply() {
	require_retired
	[[ -z $FENCE_AGENT ]] || install_agent
	files
	enable_unit ha-nfs-door.service
	if is_changed "$lib/*.py" "$lib/door" '*/ha-nfs-door.service'; then
		reload_units ha-nfs-door.service
		activate systemctl restart ha-nfs-door.service
		systemctl try-restart 'ha-nfs@*.service' # the guards import the same
	fi
	systemctl start ha-nfs-door.service
	wait_until 10 "the door answers at $DOOR_ADDRESS" listens "$DOOR_ADDRESS"
	complaint=$(ask_device) || die "$complaint"
}

remove() {
	disable_unit ha-nfs-door.service
	files
}

verify() {
	files
	complaint=$(ask_device) || drift "$complaint"
	systemctl --quiet is-active ha-nfs-door.service || drift "ha-nfs-door.service is down"
}
