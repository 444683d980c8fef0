# shellcheck shell=bash
# The witness of a pair: the door that lets one of the two masters go on alone, and never both.
: "${NODE_PY:?}" "${RULES_PY:?}" "${WIRE_PY:?}" "${DOOR:?}" "${WITNESS_UNIT:?}"

lib=/usr/local/lib/ha-nfs
unit=ha-nfs-witness.service

files() {
	put $lib/node.py 644 "$NODE_PY"
	put $lib/rules.py 644 "$RULES_PY"
	put $lib/wire.py 644 "$WIRE_PY"
	put $lib/door 755 "$DOOR"
	put /etc/systemd/system/$unit 644 "$WITNESS_UNIT"
}

apply() {
	[[ -x /usr/bin/python3 ]] || { export DEBIAN_FRONTEND=noninteractive && apt-get -q -y install --no-install-recommends python3-minimal >/run/ha-nfs/apt.log 2>&1; } ||
		die "cannot install python3-minimal: $(tail -n 5 /run/ha-nfs/apt.log)"
	files
	enable_unit $unit
	if is_changed "$lib/*" "*/$unit"; then
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
