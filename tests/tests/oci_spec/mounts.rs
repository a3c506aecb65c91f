//! config.md: root, mounts; config-linux.md: rootfs propagation.

use std::fs;
use std::path::Path;
use std::process::Command;

use e2e::Stage;
use e2e::bundle::{Bundle, bind, mount};
use serde_json::json;

use crate::row::{Fault, Row, ensure, equal, refused, row, shown};

/// A folder of the host with a file system mounted in it, while it is kept.
struct Mounted(std::path::PathBuf);

impl Mounted {
    fn new(stage: &Stage, name: &str) -> Result<Self, Fault> {
        let folder = stage.folder(name);
        let made = Command::new("mount").args(["-t", "tmpfs", "none"]).arg(&folder).status();
        if !made.is_ok_and(|status| status.success()) {
            return Err(Fault::LeftOut("this machine does not mount a tmpfs"));
        }
        Ok(Self(folder))
    }
}

impl Drop for Mounted {
    fn drop(&mut self) {
        let _ = Command::new("umount").arg("-l").arg(&self.0).status();
    }
}

/// The options and the optional fields of the mount at a path inside.
fn line_of(path: &str) -> String {
    format!("grep ' {path} ' /proc/self/mountinfo")
}

fn with(stage: &Stage, mounts: &[serde_json::Value]) -> Bundle {
    mounts
        .iter()
        .cloned()
        .fold(Bundle::new(stage, "b"), |bundle, mount| bundle.push("/mounts", mount))
}

pub(crate) const ROWS: &[Row] = &[
    row("Root", "a relative root path is below the bundle", |stage, runtime| {
        let bundle = Bundle::new(stage, "b");
        fs::write(bundle.rootfs().join("mark"), "here")
            .map_err(|error| Fault::Fails(error.to_string()))?;
        equal(&shown(stage, runtime, bundle, "cat /mark")?, "here")
    }),
    row("Root", "an absolute root path is taken as it is", |stage, runtime| {
        let root = stage.layer().display().to_string();
        let bundle = Bundle::new(stage, "b").set("/root/path", json!(root));
        equal(&shown(stage, runtime, bundle, "test -x /bin/busybox && echo here")?, "here")
    }),
    row("Root", "a root path that is not there is refused", |stage, runtime| {
        refused(stage, runtime, &Bundle::new(stage, "b").set("/root/path", json!("not-there")))
            .map(drop)
    }),
    row("Root", "a read-only root cannot be written to", |stage, runtime| {
        let bundle = Bundle::new(stage, "b").set("/root/readonly", json!(true));
        let seen = shown(stage, runtime, bundle, "touch /x 2>&1; echo $?")?;
        ensure(seen.contains("Read-only file system") && seen.ends_with('1'), seen)
    }),
    row("Root", "any other root can be written to", |stage, runtime| {
        equal(&shown(stage, runtime, Bundle::new(stage, "b"), "touch /x; ls /x")?, "/x")
    }),
    row("Root", "the container cannot see out of its root", |stage, runtime| {
        equal(
            &shown(
                stage,
                runtime,
                Bundle::new(stage, "b"),
                "cd ../../..; pwd; ls -d ../bin/busybox",
            )?,
            "/\n../bin/busybox",
        )
    }),
    row("Mounts", "they are made in their order", |stage, runtime| {
        let bundle = with(
            stage,
            &[
                mount("/a", "tmpfs", "tmpfs", &[]),
                mount("/a/b", "tmpfs", "tmpfs", &[]),
                mount("/c", "tmpfs", "tmpfs", &[]),
            ],
        );
        equal(
            &shown(
                stage,
                runtime,
                bundle,
                "grep -oE ' /(a|a/b|c) ' /proc/self/mountinfo | tr -d '\\n '",
            )?,
            "/a/a/b/c",
        )
    }),
    row("Mounts", "a later mount at the same place covers an earlier one", |stage, runtime| {
        let (first, second) = (stage.folder("first"), stage.folder("second"));
        let _ = fs::write(first.join("name"), "first");
        let _ = fs::write(second.join("name"), "second");
        let bundle = with(stage, &[bind(&first, "/a", &["bind"]), bind(&second, "/a", &["bind"])]);
        equal(&shown(stage, runtime, bundle, "cat /a/name")?, "second")
    }),
    row("Mounts", "a destination that is missing is made", |stage, runtime| {
        let bundle = with(stage, &[mount("/not/yet/there", "tmpfs", "tmpfs", &[])]);
        equal(&shown(stage, runtime, bundle, "touch /not/yet/there/x && echo made")?, "made")
    }),
    row("Mounts", "a bind of a folder shows it", |stage, runtime| {
        let folder = stage.folder("shown");
        let _ = fs::write(folder.join("file"), "text");
        let bundle = with(stage, &[bind(&folder, "/data", &["rbind", "rw"])]);
        shown(stage, runtime, bundle, "cat /data/file; echo back > /data/new")
            .and_then(|seen| equal(&seen, "text"))?;
        equal(&fs::read_to_string(folder.join("new")).unwrap_or_default(), "back\n")
    }),
    row("Mounts", "a bind of a file shows it", |stage, runtime| {
        let file = stage.path().join("file");
        let _ = fs::write(&file, "text");
        equal(
            &shown(
                stage,
                runtime,
                with(stage, &[bind(&file, "/deep/down/file", &["bind"])]),
                "cat /deep/down/file",
            )?,
            "text",
        )
    }),
    row("Mounts", "a relative source is below the bundle", |stage, runtime| {
        let bundle = with(stage, &[bind(Path::new("beside"), "/data", &["bind"])]);
        let _ = fs::create_dir_all(bundle.path.join("beside"))
            .and_then(|()| fs::write(bundle.path.join("beside/file"), "text"));
        equal(&shown(stage, runtime, bundle, "cat /data/file")?, "text")
    }),
    row("Mounts", "a source that is not there is refused", |stage, runtime| {
        refused(stage, runtime, &with(stage, &[bind(Path::new("/not/there"), "/data", &["bind"])]))
            .map(drop)
    }),
    row("Mounts", "a file system that the kernel does not know is refused", |stage, runtime| {
        refused(stage, runtime, &with(stage, &[mount("/data", "no-such-fs", "none", &[])]))
            .map(drop)
    }),
    row("Linux mount options", "ro, nosuid, nodev and noexec hold", |stage, runtime| {
        let bundle =
            with(stage, &[mount("/data", "tmpfs", "tmpfs", &["ro", "nosuid", "nodev", "noexec"])]);
        let seen = shown(
            stage,
            runtime,
            bundle,
            &format!("{}; touch /data/x 2>&1; true", line_of("/data")),
        )?;
        let options =
            ["ro", "nosuid", "nodev", "noexec"].iter().all(|option| seen.contains(option));
        ensure(options && seen.contains("Read-only"), seen)
    }),
    row("Linux mount options", "they hold on a bind too", |stage, runtime| {
        let bundle =
            with(stage, &[bind(&stage.folder("shown"), "/data", &["bind", "ro", "noexec"])]);
        let seen = shown(
            stage,
            runtime,
            bundle,
            &format!("{}; touch /data/x 2>&1; true", line_of("/data")),
        )?;
        ensure(seen.contains("noexec") && seen.contains("Read-only"), seen)
    }),
    row(
        "Linux mount options",
        "relatime, noatime and strictatime are told apart",
        |stage, runtime| {
            let bundle = with(
                stage,
                &[
                    mount("/a", "tmpfs", "tmpfs", &["noatime"]),
                    mount("/b", "tmpfs", "tmpfs", &["relatime"]),
                    mount("/c", "tmpfs", "tmpfs", &["strictatime"]),
                ],
            );
            let seen = shown(
                stage,
                runtime,
                bundle,
                "grep -E ' /[abc] ' /proc/self/mountinfo | cut -d' ' -f5,6",
            )?;
            equal(&seen, "/a rw,noatime\n/b rw,relatime\n/c rw")
        },
    ),
    row(
        "Linux mount options",
        "what the kernel's file system takes is passed on",
        |stage, runtime| {
            let bundle =
                with(stage, &[mount("/data", "tmpfs", "tmpfs", &["size=64k", "mode=1711"])]);
            let seen = shown(
                stage,
                runtime,
                bundle,
                "stat -c %a /data; df -k /data | tail -n 1 | awk '{print $2}'",
            )?;
            equal(&seen, "1711\n64")
        },
    ),
    row("Linux mount options", "what no file system takes is refused", |stage, runtime| {
        refused(
            stage,
            runtime,
            &with(stage, &[mount("/data", "tmpfs", "tmpfs", &["no-such-option=1"])]),
        )
        .map(drop)
    }),
    row(
        "Linux mount options",
        "rbind takes what is mounted below, bind does not",
        |stage, runtime| {
            let inner = Mounted::new(stage, "outer/inner")?;
            let _ = fs::write(inner.0.join("file"), "text");
            let outer = stage.folder("outer");
            let bundle =
                with(stage, &[bind(&outer, "/all", &["rbind"]), bind(&outer, "/one", &["bind"])]);
            let seen = shown(stage, runtime, bundle, "cat /all/inner/file; ls /one/inner | wc -l")?;
            equal(&seen, "text0")
        },
    ),
    row("Linux mount options", "rro makes what is mounted below read-only", |stage, runtime| {
        let inner = Mounted::new(stage, "outer/inner")?;
        let bundle = with(stage, &[bind(&stage.folder("outer"), "/all", &["rbind", "rro"])]);
        let seen = shown(stage, runtime, bundle, "touch /all/inner/x 2>&1; true")?;
        drop(inner);
        ensure(seen.contains("Read-only"), seen)
    }),
    row(
        "Linux mount options",
        "a mount is private, shared, slave or unbindable as asked",
        |stage, runtime| {
            let bundle = with(
                stage,
                &[
                    mount("/a", "tmpfs", "tmpfs", &["private"]),
                    mount("/b", "tmpfs", "tmpfs", &["shared"]),
                    mount("/c", "tmpfs", "tmpfs", &["unbindable"]),
                ],
            );
            let seen = shown(
                stage,
                runtime,
                bundle,
                "grep -E ' /[abc] ' /proc/self/mountinfo | cut -d' ' -f5,7 | cut -d: -f1",
            )?;
            equal(&seen, "/a -\n/b shared\n/c unbindable")
        },
    ),
    row("Mounts", "a link in the root does not lead a mount out of it", |stage, runtime| {
        let outside = stage.folder("outside");
        let bundle = with(stage, &[mount("/link/inner", "tmpfs", "tmpfs", &[])]);
        let _ = std::os::unix::fs::symlink(&outside, bundle.rootfs().join("link"));
        let ran = runtime.run(stage, &bundle.sh("true"));
        let entries = fs::read_dir(&outside).map_or(0, Iterator::count);
        ensure(entries == 0, ran)
    }),
    row("Mounts", "what is mounted inside is not mounted outside", |stage, runtime| {
        let bundle = with(stage, &[mount("/data", "tmpfs", "tmpfs", &[])]);
        let made =
            crate::row::Made::start(stage, runtime, "c", bundle.sh("echo runs; exec sleep 1000"))?;
        made.writes("runs")?;
        let table = fs::read_to_string("/proc/self/mountinfo").unwrap_or_default();
        ensure(!table.contains(&stage.path().display().to_string()), table)
    }),
    row(
        "Rootfs Mount Propagation",
        "private, slave, shared and unbindable roots are",
        |stage, runtime| {
            for (asked, wanted) in [
                ("private", "-"),
                ("slave", "-|master"),
                ("shared", "shared"),
                ("unbindable", "unbindable"),
            ] {
                let bundle =
                    Bundle::new(stage, asked).set("/linux/rootfsPropagation", json!(asked));
                let seen = shown(
                    stage,
                    runtime,
                    bundle,
                    "grep ' / / ' /proc/self/mountinfo || grep -E '^[^ ]+ [^ ]+ [^ ]+ [^ ]+ / ' /proc/self/mountinfo",
                )?;
                let field = seen
                    .split(' ')
                    .nth(6)
                    .unwrap_or_default()
                    .split(':')
                    .next()
                    .unwrap_or_default()
                    .to_owned();
                ensure(
                    wanted.split('|').any(|wanted| wanted == field),
                    format!("{asked}: {seen}"),
                )?;
            }
            Ok(())
        },
    ),
];
