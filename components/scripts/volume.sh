# shellcheck shell=bash
# Makes the pair's volume ready for use, once: both disks are blank, so neither needs the other's contents, and the
# file system is made through DRBD. Runs on one master, after both have brought their half up.
: "${VOLUME:?}" "${DEVICE:?}"

making=/var/lib/ha-nfs/making-$VOLUME # is there while the file system is made
just_created=0000000000000004         # UUID_JUST_CREATED in the kernel's drbd_int.h: metadata that has never had data

is_connected() { [[ $(drbdadm cstate "$VOLUME") == Connected ]]; }
is_blank_pair() { [[ $(drbdadm dstate "$VOLUME") == Inconsistent/Inconsistent && $(drbdadm show-gi "$VOLUME" | grep -c "$just_created") -gt 0 ]]; }
has_data() { [[ $(drbdadm dstate "$VOLUME") == UpToDate/* ]]; }

is_in_service() { [[ $(drbdadm role "$VOLUME") == *Primary* && ! -e $making ]]; } # so it was made long ago

has_file_system() { [[ ! -e $making && -n $(blkid -p -s TYPE -o value "$DEVICE") ]]; }

# blkid ends with 2 where it finds nothing, and where it cannot read.
is_blank() {
	local status=0
	blkid -p "$DEVICE" >/dev/null || status=$?
	((status == 2)) && zero_start "$DEVICE"
}

# A guard that is there already neither starts here nor ends what it finds primary without a wish, and the door is busy.
lock() {
	exec 7>/run/ha-nfs/looking.lock 8>/run/ha-nfs/promote.lock
	{ flock -w 60 7 && flock -w 60 8; } || die "another change of DRBD's state takes too long"
}

apply() {
	! is_in_service || return 0
	wait_until 120 "the two masters' DRBD are connected ($(drbdadm cstate "$VOLUME"))" is_connected
	lock
	! is_in_service || return 0
	if is_blank_pair; then
		drbdadm -- --clear-bitmap new-current-uuid "$VOLUME/0"
		log "two blank disks: no initial sync"
	fi
	wait_until 30 "this node's disk is UpToDate ($(drbdadm dstate "$VOLUME"))" has_data
	drbdadm primary "$VOLUME"
	if has_file_system; then
		drbdadm secondary "$VOLUME"
	elif [[ -e $making ]] || is_blank; then
		: >"$making"
		mkfs.ext4 -q "$DEVICE" || { drbdadm secondary "$VOLUME" && die "mkfs.ext4 $DEVICE has failed"; }
		rm "$making"
		log "made the file system"
		# it has touched the whole device, and what is in DRBD's activity log is copied again after a crash
		drbdadm secondary "$VOLUME"
		drbdadm down "$VOLUME"
		drbdadm up "$VOLUME"
		wait_until 60 "the two masters' DRBD are connected ($(drbdadm cstate "$VOLUME"))" is_connected
	else
		drbdadm secondary "$VOLUME"
		die "$DEVICE is neither blank nor a file system, as far as it can be read; nothing was written. On this node: drbdadm primary $VOLUME, look with blkid -p $DEVICE, drbdadm secondary $VOLUME. If nothing on it is wanted, blank it while it is primary: dd if=/dev/zero of=$DEVICE bs=1M count=${blank_mib:?}"
	fi
}

remove() { :; }

verify() { :; }
