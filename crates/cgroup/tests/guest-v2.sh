#!/bin/bash
# Runs a program as root on a kernel with all controllers in cgroup version 2:
# a user-mode Linux guest that sees this machine's files, over which it writes
# into memory only (but for /dev, /proc, /run and /sys, which are its own). Needs
# neither root nor virtualisation.
#
#   guest-v2.sh [-t SECONDS] [-m MEMORY] PROGRAM [ARGUMENT...]
#
#   -t  time limit, 300 s if not given
#   -m  memory of the guest, 768M if not given
#
# Environment and working directory are the caller's; standard input is empty;
# standard output and error come out as standard output. The exit code is the
# program's; 124: the time limit passed; 125: the guest did not come up.
#
# The kernel is linux.uml of the package user-mode-linux: the installed one, or
# one unpacked into HCSSHIM_GUEST_CACHE (~/.cache/hcsshim/guest).
set -euo pipefail

limit=300 memory=768M
while getopts t:m: option; do
    case $option in
        t) limit=$OPTARG ;;
        m) memory=$OPTARG ;;
        *) exit 125 ;;
    esac
done
shift $((OPTIND - 1))
[ $# -gt 0 ] || { echo "guest-v2.sh: no program given" >&2; exit 125; }

find_kernel() {
    local cache=${HCSSHIM_GUEST_CACHE:-${XDG_CACHE_HOME:-$HOME/.cache}/hcsshim/guest} place unpack
    for place in "" "$cache"; do
        kernel=$place/usr/bin/linux.uml
        modules=$place/usr/lib/uml/modules
        [ -x "$kernel" ] && return
    done
    mkdir -p "$cache"
    unpack=$(mktemp -d "$cache/unpack.XXXXXX")
    if ! (cd "$unpack" && apt-get download user-mode-linux >log 2>&1 && dpkg -x ./*.deb tree); then
        cat "$unpack/log" >&2
        rm -rf "$unpack"
        echo "guest-v2.sh: install the package user-mode-linux" >&2
        exit 125
    fi
    # It appears whole, or is another run's already.
    mv -T "$unpack/tree/usr" "$cache/usr" 2>/dev/null || [ -x "$kernel" ]
    rm -rf "$unpack"
}

find_kernel
share=$(mktemp -d "${TMPDIR:-/tmp}/hcsshim-guest.XXXXXX")
# The guest's memory is a file; the guest's own /dev hides what is in there.
pages=/dev/shm
[ -w $pages ] || pages=$share
guest=
end_guest() {
    # The guest's processes are helpers of its main one, in the same session.
    [ -z "$guest" ] || kill -KILL -- "-$guest" 2>/dev/null || true
    rm -rf "$share"
}
trap end_guest EXIT
trap 'exit 130' INT TERM

# What the guest's first process needs.
export -p >"$share/environment"
printf '%q ' "$@" >"$share/command"
printf '%q' "$PWD" >"$share/folder"
find "$modules" -name overlay.ko >"$share/modules"
cat >"$share/init" <<'INIT'
#!/bin/bash
# The guest's first process. Its root is this machine's, read-only.
PATH=/usr/sbin:/usr/bin:/sbin:/bin
share=${0%/init}
# finit_module(2): insmod is not everywhere, and perl is.
while read -r module; do
    perl -e 'open(F, "<", shift) or die; my $none = ""; exit(syscall(313, fileno(F), $none, 0) != 0)' "$module"
done <"$share/modules"
mount -t tmpfs none /mnt
mkdir /mnt/upper /mnt/work /mnt/root
mount -t overlay -o lowerdir=/,upperdir=/mnt/upper,workdir=/mnt/work none /mnt/root
cd /mnt/root || exit
mount -t proc none proc
mount -t sysfs none sys
mount -t devtmpfs none dev
mkdir -p dev/shm dev/pts
mount -t tmpfs none dev/shm
mount -t devpts -o mode=620,ptmxmode=666 none dev/pts
mount -t tmpfs -o mode=755 none run
mount -t cgroup2 none sys/fs/cgroup
# Outside the overlay, to give the exit code back.
mkdir -p .guest .former
mount -t hostfs -o "$share" none .guest
pivot_root . .former
exec chroot . /bin/bash -c '
    umount -l /.former
    rmdir /.former
    ip link set lo up 2>/dev/null
    stty -opost </dev/console
    (
        . /.guest/environment
        # The console is a terminal, what reads it is none.
        export TERM=dumb
        cd "$(eval echo "$(cat /.guest/folder)")" || exit 125
        eval "exec $(cat /.guest/command)"
    ) </dev/null >/dev/console 2>&1
    echo $? >/.guest/status
    halt -f >/dev/null 2>&1 || reboot -f >/dev/null 2>&1
' </dev/console >/dev/console 2>&1
INIT
chmod +x "$share/init"

# The registers of a processor with AMX take more room than the guest's kernel has.
below=()
if grep -qm1 amx_tile /proc/cpuinfo; then
    if ! cc -O1 -o "$share/registers" "${BASH_SOURCE[0]%/*}/guest-registers.c"; then
        echo "guest-v2.sh: this processor has AMX, and a C compiler is needed for it" >&2
        exit 125
    fi
    below=("$share/registers")
fi

# Descriptor 3 is the guest's console; its kernel talks on 1 and 2.
exec 3>&1
TMPDIR=$pages setsid "${below[@]}" "$kernel" "mem=$memory" root=/dev/root rootfstype=hostfs rootflags=/ ro \
    quiet loglevel=0 panic=-1 "uml_dir=$share/" umid=guest \
    con=null con0=null,fd:3 "init=$share/init" >"$share/log" 2>&1 </dev/null &
guest=$!
SECONDS=0
while [ $SECONDS -lt "$limit" ] && kill -0 "$guest" 2>/dev/null; do
    sleep 0.05
done
if [ -s "$share/status" ]; then
    exit "$(cat "$share/status")"
fi
if kill -0 "$guest" 2>/dev/null; then
    echo "guest-v2.sh: not done in $limit s" >&2
    exit 124
fi
cat "$share/log" >&2
echo "guest-v2.sh: the guest did not come up" >&2
exit 125
