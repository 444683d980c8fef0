# shellcheck shell=bash
# What a host needs before anything else: its name, the packages, and no unit that would start what ha-nfs starts.
: "${NAME:?}" "${PACKAGES:?}"
: "${MASKED?}" # units
: "${REPORT?}" # what `npm run status` runs on this host

read -r -a units <<<"$MASKED"
read -r -a packages <<<"$PACKAGES"

files() { [[ ! $REPORT ]] || put /usr/local/lib/ha-nfs/report 755 "$REPORT"; }

apply() {
	[[ $(uname -n) == "$NAME" ]] ||
		die "the host's name is $(uname -n), the configuration calls it $NAME, and the cluster goes by uname -n: hostnamectl set-hostname $NAME, or change the configuration"
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
