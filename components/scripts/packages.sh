# shellcheck shell=bash
# Debian packages of a host.

# missing_packages PACKAGE…: those that are not installed.
missing_packages() {
	local package installed
	installed=$(dpkg-query -W -f '${db:Status-Status} ${Package}\n')
	for package; do
		[[ $installed == *"installed $package"$'\n'* ]] || printf '%s ' "$package"
	done
}

# install_packages PACKAGE…
install_packages() {
	log "installing $*"
	export DEBIAN_FRONTEND=noninteractive
	{ apt-get -q update && apt-get -q -y install --no-install-recommends "$@"; } >/run/ha-nfs/apt.log 2>&1 ||
		die "cannot install $*: $(tail -n 5 /run/ha-nfs/apt.log)"
}
