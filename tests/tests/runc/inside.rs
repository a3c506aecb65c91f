//! The script that looks around in a container.

use std::path::Path;

/// Writes the script into a root file system.
pub(crate) fn install(rootfs: &Path) {
    std::fs::write(rootfs.join("inside.sh"), SCRIPT).expect("the script");
}

/// Prints sections, each of lines that a runtime has a hand in. Numbers that
/// differ from one container to the next (mounts, inodes) are left out.
const SCRIPT: &str = r#"
section() { echo "== $1"; }
section arguments; for a in "$@"; do echo "<$a>"; done
section environment; env | sort
section directory; pwd
section ids; id -u; id -g; id -G; umask
section status; grep -E '^(Uid|Gid|Groups|Cap.*|NoNewPrivs|Seccomp|Sig(Blk|Ign)|SigCgt|NSpid):' /proc/$$/status | grep -v SigCgt
section filters; grep '^Seccomp_filters' /proc/$$/status
section process; cut -d' ' -f2,7 /proc/$$/stat; cat /proc/$$/oom_score_adj /proc/$$/personality /proc/$$/coredump_filter /proc/$$/timerslack_ns /proc/$$/loginuid 2>&1
section session; set -- $(cut -d' ' -f1,5,6 /proc/$$/stat); [ "$1" = "$2" ] && echo own group; [ "$1" = "$3" ] && echo own session
section files; ls /proc/$$/fd
section limits; cat /proc/$$/limits
section hostname; hostname; cat /proc/sys/kernel/domainname
section namespaces; for n in cgroup ipc mnt net pid time user uts; do echo "$n $(readlink /proc/$$/ns/$n)"; done
section mapping; cat /proc/$$/uid_map /proc/$$/gid_map /proc/$$/setgroups
section cgroup; sort -t: -k2 /proc/$$/cgroup | sed 's/^[0-9]*://'
section mounts; sed -E 's/^[0-9]+ [0-9]+ [0-9]+:[0-9]+ //; s/(shared|master|propagate_from):[0-9]+/\1/' /proc/$$/mountinfo
section devices; find /dev | sort | while read f; do stat -c '%n %F %a %u:%g %t:%T %N' "$f"; done | sed -E 's/(pipe|socket):\[[0-9]+\]/\1/; s/^\/dev\/(pts|mqueue|shm)\/.*/inside \1/'
section use; for f in null zero full random; do echo x 2>&1 >/dev/$f && head -c1 /dev/$f | wc -c; done 2>&1
section nodes; mknod /tmp/n c 1 5 2>&1 && head -c1 /tmp/n 2>&1 | wc -c; mknod /tmp/m b 254 0 2>&1 && head -c1 /tmp/m 2>&1 | wc -c; rm -f /tmp/n /tmp/m
section masked; for f in /proc/keys /proc/timer_list /proc/acpi /proc/scsi /sys/firmware /proc/kcore /etc; do echo "$f $(stat -c %F $f 2>&1) $(cat $f 2>&1 | wc -c) $(ls $f 2>/dev/null | wc -l)"; done
section readonly; for f in /proc/sys/kernel/hostname /proc/sys/net/ipv4/ip_forward /proc/irq/default_smp_affinity /usr/bin/x /x /sys/x; do (echo x >$f) 2>&1; done; rm -f /x
section sysctl; cat /proc/sys/net/ipv4/ip_forward /proc/sys/kernel/shmmni 2>&1
section network; ls /sys/class/net 2>&1; ip -o link 2>&1 | sed -E 's/^[0-9]+: //; s/ (link|qlen).*//'
section groups; for d in memory cpu pids cpuset; do for f in memory.limit_in_bytes memory.memsw.limit_in_bytes memory.max cpu.shares cpu.cfs_quota_us cpu.cfs_period_us cpu.max cpu.weight pids.max; do for p in /sys/fs/cgroup/$d/$f; do [ -r $p ] && echo "$f $(cat $p)"; done; done; done; ls /sys/fs/cgroup 2>/dev/null
section seccomp; mkdir /tmp/d 2>&1; rmdir /tmp/d 2>/dev/null; chroot / true 2>&1
section root; stat -c '%a %u:%g' / /tmp; ls -A / | sort
section writable; touch /tmp/w 2>&1 && rm /tmp/w; ls -ld /data/tmp /data/shared /data/one-file 2>/dev/null | cut -d' ' -f1; (echo x > /data/shared/x) 2>&1
echo "to stderr" >&2
exit 42
"#;
