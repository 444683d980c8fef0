#!/usr/bin/env bash
# Puts root.img of the lab's Debian into the empty directory DIR; beside it what it boots with: kernel and initrd for QEMU,
# linux and its C library for user-mode Linux. Needs root, mmdebstrap, mke2fs.
# usage: build.sh DIR
set -euo pipefail
umask 022
here=$(dirname "$(readlink -f "$0")")
out=$1
tree=$out/tree
export OVERLAY=$here/root

# What the node scripts switch on themselves, each in its own time.
disabled=(
	corosync corosync-qdevice corosync-qnetd drbd haproxy heartbeat keepalived logd lsyncd nfs-client.target nfs-server nginx
	pacemaker rpcbind.service rpcbind.socket
)
# What only slows a boot, takes memory or disturbs a measurement.
masked=(
	apt-daily-upgrade.timer apt-daily.timer dpkg-db-backup.timer e2scrub_all.timer e2scrub_reap.service fstrim.timer
	dev-hugepages.mount dev-mqueue.mount sys-fs-fuse-connections.mount sys-kernel-debug.mount sys-kernel-tracing.mount
	getty@tty1.service ldconfig.service modprobe@drm.service modprobe@efi_pstore.service modprobe@fuse.service
	nfs-blkmap.service proc-sys-fs-binfmt_misc.automount remote-fs.target sshd-keygen.service
	systemd-binfmt.service systemd-firstboot.service systemd-hwdb-update.service systemd-journal-catalog-update.service
	systemd-machine-id-commit.service systemd-networkd.service systemd-pstore.service systemd-random-seed.service
	systemd-tpm2-setup-early.service systemd-tpm2-setup.service systemd-update-done.service
	systemd-update-utmp.service
)

# Each is a process that systemd waits for before it starts anything.
generators=(debug gpt-auto hibernate-resume rc-local run ssh system-update tpm2)
# Left out of every package. The root disk needs one driver and no udev before it is mounted: without those files the
# initrd is a quarter of its size, and a boot takes a quarter less of the processor.
excluded=(
	'/usr/share/doc/*' '/usr/share/locale/*' '/usr/share/man/*' '/usr/lib/udev/hwdb.d/*'
	/usr/share/initramfs-tools/hooks/{dmsetup,fsck,keymap,resume,thermal,udev}
	'/usr/share/initramfs-tools/scripts/*/'{all_generic_ide,blacklist,keymap,resume,udev}
)

# The overlay goes in before the kernel does, whose package makes the initrd.
# shellcheck disable=SC2016 # expanded by mmdebstrap's own shell
overlay='tar -C "$OVERLAY" --owner=0 --group=0 --mode=u=rwX,go=rX -cf - . | tar -C "$1" --no-overwrite-dir -xf -'
mmdebstrap --mode=root --variant=minbase --format=directory --aptopt='Acquire::Retries "3"' \
	"${excluded[@]/#/--dpkgopt=path-exclude=}" --include="$(paste -sd, "$here/packages")" \
	--essential-hook="$overlay" trixie "$tree"

# The kernel of user-mode Linux: 6.16 and later are fast (seccomp mode), which is Debian's unstable alone for now. An empty
# Debian, for its apt, which takes a mirror that lags behind; without the package, the lab has QEMU.
echo "I: getting the kernel of user-mode Linux..."
# shellcheck disable=SC2016 # expanded by mmdebstrap's own shell
fetch='export APT_CONFIG=$MMDEBSTRAP_APT_CONFIG; cd "$1"
	! apt-cache show user-mode-linux >/dev/null 2>&1 || apt-get -q download user-mode-linux libc6'
mmdebstrap --mode=root --variant=custom --format=directory --aptopt='Acquire::Retries "3"' \
	--aptopt='Acquire::Check-Valid-Until "false"' --customize-hook="$fetch" sid "$out/sid"
if compgen -G "$out/sid/user-mode-linux_*.deb" >/dev/null; then
	dpkg-deb -x "$out"/sid/user-mode-linux_*.deb "$out/sid/uml"
	dpkg-deb -x "$out"/sid/libc6_*.deb "$out/sid/libc"
	cp "$out/sid/uml/usr/bin/linux.uml" "$out/linux"
	cp "$out"/sid/libc/usr/lib/x86_64-linux-gnu/{libc.so.6,ld-linux-x86-64.so.2} "$out"
	modules=$(basename "$out"/sid/uml/usr/lib/uml/modules/*)
	cp -r "$out/sid/uml/usr/lib/uml/modules/$modules" "$tree/usr/lib/modules/"
	find "$tree/usr/lib/modules/$modules" -name '*.ko' -exec strip --strip-debug {} +
else
	echo "I: there is none"
fi
rm -rf --one-file-system "$out/sid"

echo "I: settling services..."
systemctl --root="$tree" --quiet enable lab-seed.service
systemctl --root="$tree" --quiet disable "${disabled[@]}"
systemctl --root="$tree" --quiet mask "${masked[@]}"
ln -s /usr/lib/systemd/system/poweroff.target "$tree/etc/systemd/system/ctrl-alt-del.target"
mkdir -p "$tree/etc/systemd/system-generators"
for generator in "${generators[@]}"; do
	ln -s /dev/null "$tree/etc/systemd/system-generators/systemd-$generator-generator"
done

# Nothing of the machine that builds, and no key: each node brings its own.
rm -f "$tree"/etc/ssh/ssh_host_* "$tree"/etc/apt/apt.conf.d/99mmdebstrap
: >"$tree/etc/resolv.conf"
: >"$tree/etc/machine-id"
echo lab >"$tree/etc/hostname"

echo "I: making the file system..."
cp "$tree"/boot/vmlinuz-* "$out/kernel"
cp "$tree"/boot/initrd.img-* "$out/initrd"
truncate -s 2600M "$out/root.img"
mke2fs -q -t ext4 -m 0 -L root -d "$tree" "$out/root.img"
rm -rf --one-file-system "$tree"
