//! A containerd of one test: its own folders, sockets, namespace and images.
//!
//! It is the machine's program, unchanged. What it shares with any other on the
//! machine are `/run/containerd/s`, where it says shims have their sockets, and
//! `/run/containerd/runc`, both under names that are the test's own.

mod events;

use std::fs::{self, File};
use std::io;
use std::os::unix::net::UnixStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process};

use crate::drive::Ran;
use crate::leaks::Leaks;
use crate::{Stage, image, machine, tools};

pub use events::{Event, Events};

/// The image that each has: busybox, and a shell where no command is given.
pub const IMAGE: &str = "e2e.test/busybox:1";

/// The image that pods of the CRI plugin have for their sandboxes: it sleeps.
pub const PAUSE: &str = "e2e.test/pause:1";

/// The namespace of the CRI plugin.
pub const CRI_NAMESPACE: &str = "k8s.io";

/// containerd's own shim.
pub const RUNC: &str = "io.containerd.runc.v2";

/// Our shim.
pub const RUNHCS: &str = "io.containerd.runhcs.v1";

/// How long containerd may take to be there, or to go.
const LIMIT: Duration = Duration::from_secs(60);

/// What is never needed, or can't be on every machine.
const DISABLED: [&str; 7] = [
    "io.containerd.internal.v1.opt",
    "io.containerd.internal.v1.tracing",
    "io.containerd.snapshotter.v1.aufs",
    "io.containerd.snapshotter.v1.btrfs",
    "io.containerd.snapshotter.v1.devmapper",
    "io.containerd.snapshotter.v1.zfs",
    "io.containerd.tracing.processor.v1.otlp",
];

/// What a containerd differs in.
#[derive(Debug, Clone, Default)]
pub struct Settings {
    /// With the plugin that Kubernetes calls.
    pub cri: bool,
    /// More lines of its configuration, in TOML.
    pub config: String,
    /// A folder with shims, before those of the machine.
    pub shims: Option<PathBuf>,
    /// More variables of its environment, which it hands to shims.
    pub environment: Vec<(&'static str, String)>,
}

/// A containerd. Dropped, it is ended, and with it all that it runs.
#[derive(Debug)]
pub struct Containerd {
    folder: PathBuf,
    namespace: String,
    settings: Settings,
    process: Child,
}

impl Containerd {
    /// A containerd with [`IMAGE`]. `None`, and a word about it, where the machine
    /// has none.
    pub fn new(test: &str, stage: &Stage) -> Option<Self> {
        Self::with(test, stage, &Settings::default())
    }

    /// The same, with settings.
    pub fn with(test: &str, stage: &Stage, settings: &Settings) -> Option<Self> {
        let missing = ["containerd", "ctr", "runc"].map(|name| (name, machine::program(name)));
        if let Some((name, _)) = missing.iter().find(|(_, found)| found.is_none()) {
            machine::left_out(test, &format!("it needs {name}"));
            return None;
        }
        let folder = stage.folder("containerd");
        if settings.cri {
            let network = folder.join("cni");
            fs::create_dir_all(&network).expect("a folder");
            fs::write(network.join("10-e2e.conflist"), network_of(&folder)).expect("a network");
        }
        fs::write(folder.join("config.toml"), config(&folder, settings)).expect("a configuration");
        let settings = settings.clone();
        let process = start(&folder, &settings);
        let new = Self { folder, namespace: stage.tag().to_owned(), settings, process };
        new.until_ready();
        new.import(&new.namespace, IMAGE, &["/bin/sh"]);
        if new.settings.cri {
            new.import(CRI_NAMESPACE, IMAGE, &["/bin/sh"]);
            new.import(CRI_NAMESPACE, PAUSE, &["/bin/sleep", "2147483647"]);
        }
        Some(new)
    }

    /// Where it is called, over gRPC.
    pub fn address(&self) -> PathBuf {
        self.folder.join("grpc.sock")
    }

    /// Its namespace, which is also the name of the control groups of its tasks.
    pub fn namespace(&self) -> &str {
        &self.namespace
    }

    /// Its process.
    pub fn pid(&self) -> u32 {
        self.process.id()
    }

    /// The folder that its shim is started in for a task.
    pub fn bundle(&self, id: &str) -> PathBuf {
        self.bundles().join(&self.namespace).join(id)
    }

    /// Where the shim of a task is called, as the shim said when it started.
    pub fn shim_address(&self, id: &str) -> Option<String> {
        fs::read_to_string(self.bundle(id).join("address")).ok()
    }

    /// A folder for the FIFOs of a task that outlives the call that starts it
    /// (`--fifo-dir`): those in the usual one are never removed if that call's
    /// containerd dies.
    pub fn fifos(&self) -> String {
        self.folder.join("fifos").display().to_string()
    }

    /// All that it has logged.
    pub fn log(&self) -> String {
        fs::read_to_string(self.folder.join("log")).unwrap_or_default()
    }

    /// A call of its client, not yet made.
    pub fn ctr(&self, arguments: &[&str]) -> Command {
        self.ctr_in(&self.namespace, arguments)
    }

    /// Makes a call of its client, and waits for its end.
    pub fn call(&self, arguments: &[&str]) -> Ran {
        tools::finish(self.ctr(arguments))
    }

    /// The same in another namespace than its own.
    pub fn call_in(&self, namespace: &str, arguments: &[&str]) -> Ran {
        tools::finish(self.ctr_in(namespace, arguments))
    }

    /// The folder of our systems of its namespace's tasks.
    pub fn systems(&self) -> PathBuf {
        self.folder.join("hcsshim/containerd").join(&self.namespace).join("systems")
    }

    /// What there is of its tasks on the machine, but for itself.
    pub fn left(&self) -> Leaks {
        let mut leaks = Leaks::find(&self.folder, &self.namespace);
        let own = i32::try_from(self.pid()).unwrap_or_default();
        leaks.processes.retain(|(pid, _)| *pid != own);
        // The folder of control groups that it never removes.
        leaks.cgroups.retain(|path| {
            let is_own = path.file_name().is_some_and(|name| name == self.namespace.as_str());
            !is_own || entries(path).iter().any(|entry| entry.is_dir())
        });
        leaks.files.extend(entries(&self.systems()));
        leaks.files.extend(entries(&self.bundles().join(&self.namespace)));
        leaks
    }

    /// Kills it, as an accident would; what it runs goes on.
    pub fn kill(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }

    /// Starts it anew after [`Containerd::kill`].
    pub fn restart(&mut self) {
        self.kill();
        self.process = start(&self.folder, &self.settings);
        self.until_ready();
    }

    fn bundles(&self) -> PathBuf {
        self.folder.join("state/io.containerd.runtime.v2.task")
    }

    fn ctr_in(&self, namespace: &str, arguments: &[&str]) -> Command {
        let mut ctr = Command::new("ctr");
        ctr.arg("--address").arg(self.address()).args(["--namespace", namespace]);
        ctr.args(arguments).stdin(Stdio::null());
        ctr
    }

    fn import(&self, namespace: &str, name: &str, command: &[&str]) {
        let archive = self.folder.join("image.tar");
        image::write(&archive, name, command).expect("an image");
        let mut import = self.ctr_in(namespace, &["image", "import"]);
        import.arg(&archive);
        let imported = tools::finish(import);
        assert_eq!(imported.code, 0, "{imported:?}\n{}", self.log());
    }

    fn until_ready(&self) {
        let deadline = Instant::now() + LIMIT;
        while UnixStream::connect(self.address()).is_err() {
            assert!(Instant::now() < deadline, "containerd does not come up:\n{}", self.log());
            std::thread::sleep(Duration::from_millis(5));
        }
    }

    /// Ends all tasks, as long as it is there to do so.
    fn end_tasks(&self) {
        for namespace in [self.namespace.as_str(), CRI_NAMESPACE] {
            let call = |arguments: &[&str]| self.ctr_in(namespace, arguments).output();
            let names = |arguments: &[&str]| {
                let listed = call(arguments).map(|output| output.stdout).unwrap_or_default();
                String::from_utf8_lossy(&listed).lines().map(str::to_owned).collect::<Vec<_>>()
            };
            for task in names(&["task", "list", "--quiet"]) {
                let _ = call(&["task", "delete", "--force", &task]);
            }
            for container in names(&["container", "list", "--quiet"]) {
                let _ = call(&["container", "delete", &container]);
            }
        }
    }

    fn end(&mut self) {
        if let Ok(pid) = i32::try_from(self.process.id())
            && let Some(pid) = Pid::from_raw(pid)
            && self.process.try_wait().is_ok_and(|status| status.is_none())
        {
            let _ = kill_process(pid, Signal::TERM);
        }
        let deadline = Instant::now() + LIMIT;
        while self.process.try_wait().is_ok_and(|status| status.is_none()) {
            if Instant::now() > deadline {
                return self.kill();
            }
            std::thread::sleep(Duration::from_millis(2));
        }
    }

    /// Clears away what a test that failed, or that killed containerd or a shim, has
    /// left, and the folder of control groups that containerd always leaves.
    fn clear(&self) {
        let mark = self.folder.display().to_string();
        for pid in processes(&mark) {
            let _ = kill_process(pid, Signal::KILL);
        }
        Leaks::find(&self.folder, &self.namespace).clear();
        for namespace in entries(&self.bundles()) {
            for bundle in entries(&namespace) {
                let address = fs::read_to_string(bundle.join("address")).unwrap_or_default();
                if let Some(socket) = address.strip_prefix("unix://") {
                    let _ = fs::remove_file(socket);
                }
            }
        }
        let _ = fs::remove_dir_all(Path::new("/run/containerd/runc").join(&self.namespace));
    }
}

impl Drop for Containerd {
    fn drop(&mut self) {
        self.end_tasks();
        self.end();
        self.clear();
    }
}

fn start(folder: &Path, settings: &Settings) -> Child {
    // Of one that was killed; it would be taken for the new one's.
    let _ = fs::remove_file(folder.join("grpc.sock"));
    let log = File::options().create(true).append(true).open(folder.join("log"));
    let log = log.expect("a log");
    let path = std::env::var_os("PATH").unwrap_or_default();
    let path =
        std::env::join_paths(settings.shims.iter().cloned().chain(std::env::split_paths(&path)));
    let program = machine::program("containerd").expect("containerd");
    let mut containerd = if settings.cri {
        // The bridge of its pods is in a network of its own.
        let mut unshare = Command::new("unshare");
        unshare.args(["--net", "sh", "-c", "ip link set lo up && exec \"$0\" \"$@\""]).arg(program);
        unshare
    } else {
        Command::new(program)
    };
    containerd.arg("--config").arg(folder.join("config.toml"));
    containerd.env("PATH", path.expect("a search path")).current_dir(folder);
    // Of our own shim, which containerd hands its environment to.
    containerd.env("HCSSHIM_STATE_DIR", folder.join("hcsshim"));
    containerd.envs(settings.environment.iter().map(|(name, value)| (name, value)));
    containerd.stdin(Stdio::null()).stdout(log.try_clone().expect("a log")).stderr(log);
    containerd.spawn().expect("starting containerd")
}

fn config(folder: &Path, settings: &Settings) -> String {
    let folder = folder.display();
    let cri = "io.containerd.grpc.v1.cri";
    let disabled = DISABLED.into_iter().chain((!settings.cri).then_some(cri));
    let disabled: Vec<String> = disabled.map(|name| format!("{name:?}")).collect();
    let mut text = format!(
        "version = 2\nroot = \"{folder}/root\"\nstate = \"{folder}/state\"\n\
         disabled_plugins = [{}]\n\
         [grpc]\naddress = \"{folder}/grpc.sock\"\n\
         [ttrpc]\naddress = \"{folder}/ttrpc.sock\"\n",
        disabled.join(", ")
    );
    if settings.cri {
        text += &format!(
            "[plugins.\"{cri}\"]\nsandbox_image = {PAUSE:?}\nrestrict_oom_score_adj = true\n\
             [plugins.\"{cri}\".cni]\nbin_dir = \"/usr/lib/cni\"\nconf_dir = \"{folder}/cni\"\n"
        );
    }
    text + &settings.config
}

/// The network of pods, for the plugins of containernetworking.
fn network_of(folder: &Path) -> String {
    let ipam = serde_json::json!({
        "type": "host-local",
        "dataDir": folder.join("addresses"),
        "ranges": [[{ "subnet": "10.99.0.0/24" }]],
    });
    let bridge = serde_json::json!({
        "type": "bridge", "bridge": "e2e0", "isGateway": true, "ipam": ipam,
    });
    serde_json::json!({ "cniVersion": "0.4.0", "name": "e2e", "plugins": [bridge] }).to_string()
}

fn entries(folder: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(folder).into_iter().flatten();
    entries.filter_map(io::Result::ok).map(|entry| entry.path()).collect()
}

/// The processes that bear a mark in their command line: shims.
fn processes(mark: &str) -> Vec<Pid> {
    let pids = entries(Path::new("/proc")).into_iter();
    let own = std::process::id().to_string();
    pids.filter_map(|path| {
        let pid = path.file_name()?.to_str()?.to_owned();
        let line = fs::read(path.join("cmdline")).ok()?;
        let marked = pid != own && String::from_utf8_lossy(&line).contains(mark);
        marked.then(|| Pid::from_raw(pid.parse().ok()?)).flatten()
    })
    .collect()
}
