# shellcheck shell=bash
# This node's half of the DRBD volume: partitions, metadata, configuration, device up. It writes metadata only on a
# disk that is provably blank, and never makes a file system.
: "${VOLUME:?}" "${DISK:?}" "${EXTERNAL_METADATA:?}" "${DRBD_RESOURCE:?}" "${DRBD_GLOBAL:?}"

label=ha-nfs-$VOLUME # GPT name of the data partition: by it we know our own disk again

if is_lvm; then
	data=$DISK
else
	data=/dev/disk/by-partlabel/$label
fi
meta=internal
[[ $EXTERNAL_METADATA == no ]] || meta=$data-meta

files() {
	local secret text
	secret=$(secret drbd)
	text=${DRBD_RESOURCE//@SHARED_SECRET@/$secret}
	text=${text//@DISK@/$data}
	put /etc/drbd.d/global_common.conf 644 "$DRBD_GLOBAL"
	put "/etc/drbd.d/$VOLUME.res" 600 "${text//@META_DISK@/$meta}"
	put /etc/modules-load.d/ha-nfs-drbd.conf 644 $'drbd\n'
}

# The place of the metadata decides how large the volume is, so it is for life.
require_same_metadata() {
	local there=internal wanted=external
	[[ -b $data ]] || return 0
	[[ ! -b $data-meta ]] || there=external
	[[ $meta != internal ]] || wanted=internal
	[[ $there == "$wanted" ]] || die "the volume on $DISK has $there metadata, and drbd.metadata is $wanted now: where they are is fixed when the volume is made. Nothing was changed. Set drbd.metadata back to $there. To have them $wanted, make the volume anew: copy the files away, destroy the stack, $(blanking) on both masters, bring the stack up, and copy the files back"
}

prepare_disk() {
	local size_mib meta_mib
	require_disk
	if [[ $data == "$DISK" ]]; then
		[[ $meta == internal ]] || die "$DISK is a logical volume, and those have internal metadata only: set drbd.metadata to internal"
		return
	fi
	require_same_metadata
	size_mib=$(($(blockdev --getsize64 "$DISK") / 1024 / 1024))
	# DRBD's bitmap needs 32 MiB a TiB; the rest is room to grow
	meta_mib=$((64 + size_mib / 8192))
	if [[ $EXTERNAL_METADATA == yes ]]; then
		partition "$label" --new=2:-${meta_mib}M:0 --change-name=2:"$label-meta" --new=1:0:0 --change-name=1:"$label"
	else
		partition "$label" --new=1:0:0 --change-name=1:"$label"
	fi
}

# Metadata that are there are kept, and the volume with them: it is this cluster's, for DRBD connects no others.
create_metadata() {
	local output
	case $(drbdadm dstate "$VOLUME" 2>/dev/null) in
	'' | Diskless* | Unconfigured*) ;;
	*) return ;; # attached
	esac
	! drbdadm dump-md "$VOLUME" >/dev/null 2>&1 || return 0
	prove_blank "$data"
	output=$(drbdadm --force create-md "$VOLUME" 2>&1) || die "drbdadm create-md $VOLUME failed: $output"
	log "wrote DRBD metadata"
}

apply() {
	prepare_disk
	modprobe drbd || die "the kernel $(uname -r) has no drbd module"
	[[ $(</sys/module/drbd/version) == 8.4.* ]] || die "the kernel's DRBD is $(</sys/module/drbd/version), and ha-nfs is made for 8.4, Debian's own: take away drbd-dkms and reboot"
	files
	drbdadm dump "$VOLUME" >/dev/null || { restore && die "DRBD refuses /etc/drbd.d/$VOLUME.res; the old file is back"; }
	create_metadata
	activate flock -w 60 /run/ha-nfs/promote.lock drbdadm adjust "$VOLUME"
	enable_unit "drbd@$VOLUME.target"
	systemctl start "drbd@$VOLUME.target"
}

# The data and its metadata stay on the disk, so the next apply takes the volume over as it is.
remove() {
	disable_unit "drbd@$VOLUME.target"
	drbdadm down "$VOLUME" || die "DRBD holds $VOLUME: $(drbdadm status "$VOLUME")"
	files
}

verify() {
	files
	[[ $(drbdadm dstate "$VOLUME") == UpToDate/* ]] || drift "the disk is $(drbdadm dstate "$VOLUME")"
}
