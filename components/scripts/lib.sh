# shellcheck shell=bash
# What every node script shares. A script defines files (what it installs, one `put` a file), apply, remove
# and verify; `run SCRIPT OWNER ACTION` is the last line of the text that the node reads.

backups=/var/backups/ha-nfs
changed=() # files that are new and have not taken effect yet
private=() # files for root alone: no old one of them is kept once the new ones have taken effect

log() { printf '%s\n' "$*"; }

# drift WHAT: what `verify` has found; the script goes on, and ends with status 3.
drift() {
	log "drift: $*"
	drifted=1
}

die() {
	printf 'ha-nfs on %s: %s\n' "$(uname -n)" "$*" >&2
	exit 1
}

# put PATH MODE TEXT: apply writes the file when its text or mode differs and keeps the old one for `restore`,
# verify says what differs, remove deletes it.
put() {
	local path=$1 mode=$2 text=$3
	[[ $mode != 600 ]] || private+=("$path")
	case $action in
	remove)
		rm -f "$path"
		return
		;;
	esac
	if [[ -e $path && $(stat -c %a "$path") == "$mode" ]] && printf %s "$text" | cmp -s - "$path"; then
		return
	fi
	if [[ $action == verify ]]; then
		drift "$path differs"
		return
	fi
	mkdir -p "${path%/*}"
	rm -f "$backups$path"
	if [[ -e $path ]]; then
		(umask 077 && mkdir -p "$backups${path%/*}")
		cp -p "$path" "$backups$path"
	fi
	(umask 077 && printf %s "$text" >"$path.new")
	chmod "$mode" "$path.new"
	mark "$path"
	mv "$path.new" "$path"
	log "wrote $path"
}

# secret NAME: what secrets.sh has written. `remove` does without it, for it may be gone already.
secret() { [[ $action == remove ]] || cat "/etc/ha-nfs/secrets/$1"; }

# secrets_directory: closed to all but root. What is beside it is not: sshd reads the login's keys there as the login.
secrets_directory() {
	install -d -m 755 /etc/ha-nfs
	install -d -m 700 /etc/ha-nfs/secrets
}

# mark PATH: the file is about to change. An interrupted run leaves the mark, so that the next one makes the file take
# effect.
mark() {
	changed+=("$1")
	printf '%s\n' "$1" >>"$pending"
}

# is_changed PATTERN…: whether a file that one of the patterns matches is new.
is_changed() {
	local path pattern
	for path in "${changed[@]}"; do
		for pattern; do
			# shellcheck disable=SC2053 # a pattern is meant
			[[ $path == $pattern ]] && return
		done
	done
	return 1
}

# restore: undo every `put` of this run.
restore() {
	local path
	for path in "${changed[@]}"; do
		if [[ -e $backups$path ]]; then
			cp -p "$backups$path" "$path"
		else
			rm -f "$path"
		fi
	done
}

# activate COMMAND…: make the new files take effect; where that fails, the old ones come back and take effect.
activate() {
	local output
	if output=$("$@" 2>&1); then
		return
	fi
	restore
	"$@" || log "'$*' fails with the old files as well"
	die "'$*' failed, the old files are back: $output"
}

# accept COMMAND…: the command checks the new files; where it refuses them, the old ones come back.
accept() {
	local complaint
	complaint=$("$@" 2>&1) && return
	restore
	die "'$*' refuses the new files, the old ones are back: $complaint"
}

# wait_until SECONDS WHAT COMMAND…: poll until the command succeeds.
wait_until() {
	local deadline=$((SECONDS + $1)) what=$2
	shift 2
	until "$@"; do
		((SECONDS < deadline)) || die "timed out waiting until $what"
		sleep 0.5
	done
}

# listens ADDRESS:PORT: whether something takes TCP connections there.
listens() { (: <"/dev/tcp/${1/:/\/}") 2>/dev/null; }

# enable_unit UNIT: start it at boot. `systemctl enable` would do the same and take seconds, for heartbeat.service in
# SysV's scripts alone.
enable_unit() {
	local wants=/etc/systemd/system/multi-user.target.wants file=/etc/systemd/system/${1/@*./@.}
	[[ -e $file ]] || file=/usr/lib/systemd/system/${1/@*./@.}
	mkdir -p "$wants"
	[[ -L $wants/$1 ]] || ln -s "$file" "$wants/$1"
}

# disable_unit UNIT: stop it, and do not start it at boot.
disable_unit() {
	rm -f "/etc/systemd/system/multi-user.target.wants/$1"
	systemctl stop "$1" 2>/dev/null || :
}

# take_over_from UNIT…: what other cluster managers there are on this node go, and the service stays: until this script ends,
# nobody's word that the node is to stop counts (wish).
take_over_from() {
	local unit
	for unit; do
		[[ -L /etc/systemd/system/multi-user.target.wants/$unit ]] || systemctl --quiet is-active "$unit" || continue
		exec 8>/run/ha-nfs/stay.lock
		flock 8
		systemctl stop "$unit" 8>&- # and then the link: the next run finds what one that was killed here has left
		rm -f "/etc/systemd/system/multi-user.target.wants/$unit"
	done
}

# reload_units UNIT…: have systemd read the files of units that it already knows; those it does not know it reads anyway.
reload_units() {
	[[ $(systemctl show --property=NeedDaemonReload --value "$@") != *yes* ]] || systemctl daemon-reload
}

# is_mounted DIRECTORY
is_mounted() {
	local _device directory _rest
	while read -r _device directory _rest; do
		[[ $directory == "$1" ]] && return
	done </proc/mounts
	return 1
}

# own OWNER: what the script has made is OWNER's from now on; of a script that a host runs several times, what its
# $INSTANCE has made. A host that gets another name or role is given to its new
# owner first, and only then is the old one deleted, which must leave it alone.
own() {
	[[ $action == apply ]] || return 0
	[[ -e $owner && $(<"$owner") == "$1" ]] || printf '%s\n' "$1" >"$owner"
}

is_foreign() { [[ $action == remove && -e $owner && $(<"$owner") != "$1" ]]; }

run() {
	local one=$1${INSTANCE:+-$INSTANCE}
	action=$3 drifted=0 pending=/var/lib/ha-nfs/pending-$one owner=/var/lib/ha-nfs/owner-$one
	[[ $EUID == 0 ]] || die "needs root; found user $(id -un)"
	mkdir -p /run/ha-nfs
	exec 9>/run/ha-nfs/script.lock
	flock -w 300 9 || die "another script of ha-nfs has held /run/ha-nfs/script.lock for 300 s"
	mkdir -p "${pending%/*}"
	if is_foreign "$2"; then
		log "nothing is removed: it is $(<"$owner")'s now"
		return
	fi
	own "$2"
	[[ ! -e $pending ]] || mapfile -t changed <"$pending"
	"$action" 9>&- # no daemon that it starts keeps the lock
	((!drifted)) || exit 3
	[[ $action == verify || ${#private[@]} == 0 ]] || rm -f "${private[@]/#/$backups}"
	# what is called done outlives a power cut: nobody comes by again to look
	[[ $action != apply || ${#changed[@]} == 0 ]] || sync -f /etc /usr/local /var
	rm -f "$pending"
	[[ $action != remove ]] || rm -f "$owner"
}
