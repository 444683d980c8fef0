# shellcheck shell=bash
# What a host needs before anything else: its name, the packages, and no unit that would start what ha-nfs starts.
: "${NAME:?}" "${PACKAGES:?}"
: "${MASKED?}" # units
: "${NICS?}"   # the addresses that the host must have, `DEVICE ADDRESS/PREFIX` a line
: "${REPORT?}" # what `npm run status` runs on this host

read -r -a units <<<"$MASKED"
read -r -a packages <<<"$PACKAGES"

files() { [[ ! $REPORT ]] || put /usr/local/lib/ha-nfs/report 755 "$REPORT"; }

has_address() { [[ $(ip -o -4 address show dev "$1" 2>/dev/null) == *" $2 "* ]]; }

require_addresses() {
	local device address
	while read -r device address; do
		has_address "$device" "$address" ||
			die "$device has not the address $address; there is: $(ip -brief -4 address | tr -s '[:space:]' ' '). Give it to it, lastingly (a guest of the lab has it after npm run lab -- restart $NAME, the standby first); or change the configuration"
	done < <(printf %s "$NICS")
}

apply() {
	[[ $(uname -n) == "$NAME" ]] ||
		die "the host's name is $(uname -n), the configuration calls it $NAME, and the cluster goes by uname -n: hostnamectl set-hostname $NAME, or change the configuration"
	require_addresses
	local unit missing
	read -r -a missing <<<"$(missing_packages "${packages[@]}")"
	# none must start half configured when its package arrives
	for unit in "${units[@]}"; do
		if [[ ! -L /etc/systemd/system/$unit ]]; then
			mark "/etc/systemd/system/$unit"
			ln -s /dev/null "/etc/systemd/system/$unit"
		fi
	done
	((${#missing[@]} == 0)) || install_packages "${missing[@]}"
	files
	if is_changed '*/systemd/*'; then
		reload_units "${units[@]}"
		systemctl stop "${units[@]}" 2>/dev/null || :
	fi
}

remove() {
	local unit
	files
	for unit in "${units[@]}"; do
		[[ $(readlink "/etc/systemd/system/$unit") != /dev/null ]] || rm "/etc/systemd/system/$unit"
	done
	systemctl daemon-reload
}

verify() {
	files
	local missing
	missing=$(missing_packages "${packages[@]}")
	[[ -z $missing ]] || drift "missing packages: $missing"
}
