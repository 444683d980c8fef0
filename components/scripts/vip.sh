# shellcheck shell=bash
# The virtual addresses as the service reads them, which has them on the active master alone.
: "${VOLUME:?}" "${MOUNT:?}" "${VIP_CONF:?}"

conf=/etc/ha-nfs/vip.conf

files() { put $conf 644 "$VIP_CONF"; }

# addresses FILE: what a vip.conf has, `NIC ADDRESS` a line.
addresses() (
	# shellcheck source=/dev/null
	. "$1"
	for address in $VIP ${VIP_ALIASES-}; do
		echo "$NIC $address"
	done
)

# The active master changes at once: the new addresses come, and then the old ones go.
apply() {
	local gone
	files
	is_changed $conf && is_mounted "$MOUNT" && [[ -e $backups$conf ]] || return 0
	mapfile -t gone < <(addresses "$backups$conf" | grep -vxF -e "$(addresses $conf)")
	activate /usr/local/lib/ha-nfs/service "$VOLUME" leave-addresses "${gone[@]}"
}

remove() { files; }
verify() { files; }
