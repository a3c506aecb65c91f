//! Windows programs under Wine, before the stand-in DLLs and a gateway.

use std::ffi::OsStr;
use std::fs::{self, File};
use std::io::{BufRead, BufReader};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use stand_in::protocol::{ADDRESS, SECRET as SECRET_VARIABLE};

use crate::stage::Stage;
use crate::{machine, programs};

/// Names the folder of the programs and DLLs for Windows.
pub const PROGRAMS: &str = "HCSSHIM_WINDOWS_BIN";
/// Names a Wine prefix, which is copied.
pub const PREFIX: &str = "HCSSHIM_WINE_PREFIX";

/// The services that have stand-ins.
pub const DLLS: [&str; 4] = ["computecore", "vmcompute", "computenetwork", "computestorage"];

/// How long one program may run, in seconds: far more than most need.
const LIMIT: u32 = 240;
/// How long a gateway may take to end.
const END_LIMIT: Duration = Duration::from_secs(20);
/// What a client has to know.
const SECRET: &str = "known to this test only";

/// A prefix of one test, with a gateway to its stage's host. Dropped, nothing of
/// either is left.
pub struct Wine {
    programs: PathBuf,
    prefix: PathBuf,
    state: String,
    gateway: Child,
    address: String,
}

impl Wine {
    /// Wine with all stand-ins. `None`, and a word about it, where there is none.
    pub fn new(test: &str, stage: &Stage) -> Option<Self> {
        let folder = |name| std::env::var_os(name).map(PathBuf::from);
        let (Some(programs), Some(kept)) = (folder(PROGRAMS), folder(PREFIX)) else {
            machine::left_out(test, "it is part of `cargo xtask test --lane wine`");
            return None;
        };
        let prefix = stage.path().join("wine");
        let copied = Command::new("cp").arg("--archive").arg(kept).arg(&prefix).status();
        assert!(copied.expect("cp").success(), "copying the prefix");
        fs::create_dir_all(prefix.join("tmp")).expect("a folder");
        let (gateway, address) = gateway(stage);
        let state = windows_path(&stage.folder("windows-state"));
        let wine = Self { programs, prefix, state, gateway, address };
        for dll in DLLS {
            let file = format!("{dll}.dll");
            fs::copy(wine.programs.join(&file), wine.system(&file)).expect("a stand-in");
        }
        wine.server("-p");
        if let Err(said) = wine.begin() {
            println!("Wine does not start, once more: {said}");
            wine.begin().unwrap_or_else(|said| panic!("Wine does not start: {said}"));
        }
        Some(wine)
    }

    /// Runs the first program, which starts Windows's own: they keep its streams open.
    fn begin(&self) -> Result<(), String> {
        let said = self.prefix.with_extension("log");
        let mut first = self.wine();
        first.args(["cmd", "/c", "exit"]).env("WINEDEBUG", "err+all").stdout(Stdio::null());
        let ended = first.stderr(File::create(&said).expect("a file")).status().expect("wine");
        let said = fs::read_to_string(&said).unwrap_or_default();
        if ended.success() { Ok(()) } else { Err(format!("{ended}: {said}")) }
    }

    /// A file of the prefix's system folder.
    pub fn system(&self, file: &str) -> PathBuf {
        self.prefix.join("drive_c/windows/system32").join(file)
    }

    /// One of the programs, as Windows programs see its path.
    pub fn program(&self, program: &str) -> String {
        windows_path(&self.programs.join(program))
    }

    /// A command that runs one of the programs, below the programs' folder.
    pub fn command(&self, program: &str) -> Command {
        self.command_within(LIMIT, program)
    }

    /// The same for a program that may run for that many seconds.
    pub fn command_within(&self, limit: u32, program: &str) -> Command {
        let mut command = self.wine_within(limit);
        command.arg(self.programs.join(program));
        command
    }

    /// A command that runs Wine with the arguments that will be added.
    pub fn wine(&self) -> Command {
        self.wine_within(LIMIT)
    }

    fn wine_within(&self, limit: u32) -> Command {
        let mut command = Command::new("timeout");
        command.args(["--kill-after=5", &limit.to_string(), "wine"]).stdin(Stdio::null());
        self.environment(&mut command);
        command.env("HCSSHIM_STATE_DIR", &self.state);
        command.env(ADDRESS, &self.address).env(SECRET_VARIABLE, SECRET);
        command
    }

    /// Runs one of the programs to its end.
    ///
    /// About once in a thousand times Wine's server gives a program up before anything
    /// of it runs: it is started once more then.
    pub fn run(&self, program: &str, arguments: &[&str]) -> Ran {
        let run = || Ran::new(self.command(program).args(arguments).output().expect("wine"));
        let ran = run();
        if ran.code == Some(1) && ran.stderr.starts_with("wine client error:0:") {
            println!("{program} {arguments:?}, once more: {}", ran.stderr);
            return run();
        }
        ran
    }

    fn environment(&self, command: &mut Command) {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", "mscoree,mshtml,winemenubuilder.exe=d")
            // The server's socket is in there.
            .env("TMPDIR", self.prefix.join("tmp"))
            .env_remove("DISPLAY");
    }

    fn server(&self, argument: &str) {
        let mut server = Command::new("wineserver");
        self.environment(&mut server);
        server.arg(argument).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        // That there is none is no fault.
        let _ = server.status();
    }
}

impl Drop for Wine {
    fn drop(&mut self) {
        self.server("-k");
        self.server("-w");
        end(&mut self.gateway);
        let _ = fs::remove_dir_all(&self.prefix);
    }
}

/// What a program did.
#[derive(Debug)]
pub struct Ran {
    /// Its exit code; `None` where a signal ended it.
    pub code: Option<i32>,
    /// What it wrote, with the line ends of this machine.
    pub stdout: String,
    /// What it wrote to its stderr, alike.
    pub stderr: String,
}

impl Ran {
    /// Of a program that has ended.
    pub fn new(output: Output) -> Self {
        let text = |bytes: &[u8]| String::from_utf8_lossy(bytes).replace("\r\n", "\n");
        Self {
            code: output.status.code(),
            stdout: text(&output.stdout),
            stderr: text(&output.stderr),
        }
    }

    /// What it wrote, where it ended with 0.
    #[track_caller]
    pub fn ok(self) -> String {
        assert_eq!(self.code, Some(0), "{self:#?}");
        self.stdout
    }
}

/// A path of this machine as Windows programs see it.
pub fn windows_path(path: &Path) -> String {
    format!("Z:{}", path.display()).replace('/', "\\")
}

/// Builds a C program for Windows.
pub fn compile(source: &str, program: &Path, libraries: &[&str]) {
    let source = Path::new(env!("CARGO_MANIFEST_DIR")).join("c").join(source);
    let mut compile = Command::new("x86_64-w64-mingw32-gcc");
    compile
        .args(["-std=c11", "-O2", "-Wall", "-Wextra", "-Werror", "-municode", "-o"])
        .args([program.as_os_str(), source.as_os_str()])
        .args(libraries.iter().map(OsStr::new));
    assert!(compile.status().expect("a compiler").success(), "compiling {}", source.display());
}

/// Ends the gateway, which closes first what its clients have left open.
fn end(gateway: &mut Child) {
    let pid = rustix::process::Pid::from_child(gateway);
    let _ = rustix::process::kill_process(pid, rustix::process::Signal::TERM);
    let deadline = Instant::now() + END_LIMIT;
    while let Ok(None) = gateway.try_wait() {
        if Instant::now() > deadline {
            println!("the gateway does not end: it is killed");
            let _ = gateway.kill();
            let _ = gateway.wait();
        }
        std::thread::sleep(Duration::from_millis(10));
    }
}

/// Starts a gateway to the stage's host; gives its address.
fn gateway(stage: &Stage) -> (Child, String) {
    let mut gateway = Command::new(programs::gateway());
    gateway.envs(stage.environment()).env(SECRET_VARIABLE, SECRET);
    gateway.stdin(Stdio::null()).stdout(Stdio::piped());
    let mut gateway = gateway.spawn().expect("the gateway");
    let stdout = gateway.stdout.take().expect("its stdout");
    let mut address = String::new();
    BufReader::new(stdout).read_line(&mut address).expect("its address");
    (gateway, address.trim().to_owned())
}
