# shellcheck shell=bash
# The guard of the volume's service, which starts and watches it where the cluster manager says so.
: "${VOLUME:?}" "${GUARD:?}" "${UPKEEP_PY:?}" "${PARTS_PY:?}" "${WISH:?}" "${WAIT_PEER:?}" "${GUARD_UNIT:?}" "${ALONE:?}"
: "${LEAVE:?}" "${LEAVE_UNIT:?}" "${SPLIT:?}" "${GIVE:?}" "${METRICS_PY:?}" "${MANAGER_PY:?}" "${COMPARE:?}" "${COMPARE_UNIT:?}" "${COMPARE_TIMER:?}"

lib=/usr/local/lib/ha-nfs
unit=ha-nfs@$VOLUME.service
leave=ha-nfs-leave@$VOLUME.service
timer=ha-nfs-compare@$VOLUME.timer

files() {
	put $lib/guard 755 "$GUARD"
	put $lib/upkeep.py 644 "$UPKEEP_PY"
	put $lib/parts.py 644 "$PARTS_PY"
	put $lib/wish 755 "$WISH"
	put $lib/wait-peer 755 "$WAIT_PEER"
	put $lib/leave 755 "$LEAVE"
	put $lib/give 755 "$GIVE"
	put $lib/manager.py 644 "$MANAGER_PY"
	put $lib/metrics.py 644 "$METRICS_PY"
	put $lib/compare-disks 755 "$COMPARE"
	put /etc/systemd/system/ha-nfs-compare@.service 644 "$COMPARE_UNIT"
	put /etc/systemd/system/ha-nfs-compare@.timer 644 "$COMPARE_TIMER"
	put $lib/split 755 "$SPLIT"
	put /usr/local/sbin/ha-nfs-alone 755 "$ALONE"
	put /etc/systemd/system/ha-nfs@.service 644 "$GUARD_UNIT"
	put /etc/systemd/system/ha-nfs-leave@.service 644 "$LEAVE_UNIT"
}

# A guard that starts anew leaves the service as it is.
apply() {
	files
	enable_unit "$unit"
	reload_units "$unit" "$leave" "$timer"
	enable_unit "$leave"
	enable_unit "$timer"
	systemctl start "$leave" "$timer"
	if is_changed $lib/guard $lib/manager.py $lib/metrics.py $lib/parts.py $lib/upkeep.py '*/ha-nfs@.service'; then
		activate systemctl restart "$unit"
	fi
	systemctl start "$unit"
}

remove() {
	disable_unit "$unit"
	disable_unit "$leave"
	disable_unit "$timer"
	files
}

verify() {
	files
	systemctl --quiet is-active "$unit" || drift "$unit is down"
}
