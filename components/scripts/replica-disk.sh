# shellcheck shell=bash
# A slave's data disk: partition, ext4 file system, mounted where the receiver writes. Only a disk that is provably
# blank is formatted.
: "${DISK:?}" "${MOUNT:?}"

label=ha-nfs-replica # GPT name of the partition: by it we know our own disk again
if is_lvm; then
	data=$DISK
else
	data=/dev/disk/by-partlabel/$label
fi
unit=$(systemd-escape --path --suffix=mount "$MOUNT")

files() {
	put "/etc/systemd/system/$unit" 644 "# made by ha-nfs
[Unit]
Description=The slave's copy of the shares

[Mount]
What=$data
Where=$MOUNT
Type=ext4
Options=noatime,nosuid,nodev,nosymfollow

[Install]
WantedBy=multi-user.target
"
}

apply() {
	require_disk
	is_lvm || partition "$label" --new=1:0:0 --change-name=1:"$label"
	if [[ -z $(blkid -p -s TYPE -o value "$data") ]]; then
		prove_blank "$data"
		mkfs.ext4 -q "$data"
		log "made the file system"
	fi
	files
	reload_units "$unit"
	enable_unit "$unit"
	! is_mounted "$MOUNT" || ! is_changed "*/$unit" || systemctl reload "$unit" # with other options
	systemctl start "$unit" || die "cannot mount $data on $MOUNT: $(journalctl -u "$unit" -n 3 -o cat | tr '\n' ' ')"
}

# The files stay on the disk.
remove() {
	disable_unit "$unit"
	files
}

verify() {
	files
	is_mounted "$MOUNT" || drift "$MOUNT is not mounted"
}
