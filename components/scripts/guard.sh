# shellcheck shell=bash
# The guard of the volume's service, which starts and watches it where the cluster manager says so.
: "${VOLUME:?}" "${GUARD:?}" "${UPKEEP_PY:?}" "${PARTS_PY:?}" "${WISH:?}" "${WAIT_PEER:?}" "${GUARD_UNIT:?}" "${ALONE:?}"
: "${LEAVE:?}" "${LEAVE_UNIT:?}" "${SPLIT:?}" "${GIVE:?}" "${METRICS_PY:?}" "${MANAGER_PY:?}" "${COMPARE:?}" "${COMPARE_UNIT:?}" "${COMPARE_TIMER?}"

lib=/usr/local/lib/ha-nfs
unit=ha-nfs@$VOLUME.service
leave=ha-nfs-leave@$VOLUME.service
timer=ha-nfs-compare@$VOLUME.timer
timer_file=/etc/systemd/system/ha-nfs-compare@.timer

files() {
	put $lib/guard 755 "$GUARD"
	put $lib/upkeep.py 644 "$UPKEEP_PY"
	put $lib/parts.py 644 "$PARTS_PY"
	put $lib/wish 755 "$WISH"
	put $lib/wait-peer 755 "$WAIT_PEER"
	put $lib/leave 755 "$LEAVE"
	put $lib/give 755 "$GIVE"
	put $lib/manager.py 755 "$MANAGER_PY"
	put $lib/metrics.py 644 "$METRICS_PY"
	put $lib/compare-disks 755 "$COMPARE"
	put /etc/systemd/system/ha-nfs-compare@.service 644 "$COMPARE_UNIT"
	[[ -z $COMPARE_TIMER ]] || put $timer_file 644 "$COMPARE_TIMER"
	put $lib/split 755 "$SPLIT"
	put /usr/local/sbin/ha-nfs-alone 755 "$ALONE"
	put /etc/systemd/system/ha-nfs@.service 644 "$GUARD_UNIT"
	put /etc/systemd/system/ha-nfs-leave@.service 644 "$LEAVE_UNIT"
}

schedule() {
	if [[ -z $COMPARE_TIMER ]]; then
		disable_unit "$timer"
		rm -f $timer_file
		return
	fi
	enable_unit "$timer"
	! is_changed $timer_file || activate systemctl restart "$timer"
	systemctl start "$timer"
}

# A guard that starts anew leaves the service as it is.
apply() {
	files
	enable_unit "$unit"
	reload_units "$unit" "$leave" "$timer"
	enable_unit "$leave"
	systemctl start "$leave"
	schedule
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
	[[ $COMPARE_TIMER || ! -e $timer_file ]] || drift "$timer_file is there"
	systemctl --quiet is-active "$unit" || drift "$unit is down"
}
