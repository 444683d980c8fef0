# shellcheck shell=bash
# The witness of a pair: the door that lets one of the two masters go on alone, and never both.
: "${WITNESS_UNIT:?}"

unit=ha-nfs-witness.service

files() {
	door_files
	put /etc/systemd/system/$unit 644 "$WITNESS_UNIT"
}

apply() {
	[[ -x /usr/bin/python3 ]] || install_packages python3-minimal
	files
	enable_unit $unit
	if is_changed "${lib:?}/*" "*/$unit"; then
		reload_units $unit
		activate systemctl restart $unit
	fi
	systemctl start $unit
}

# Who went on alone stays on record in /var/lib/ha-nfs/register: a witness that forgets it would let the other go on too.
remove() {
	disable_unit $unit
	files
}

verify() {
	files
	systemctl --quiet is-active $unit || drift "$unit is down"
}
