//! Wine: the prefix that Windows programs run in, made once and kept.
//!
//! A prefix takes some 700 MB and seconds to make. So what is kept is two
//! folders: `files`, a whole prefix that nothing runs in, and `prefix`, the same
//! with links to its files and a registry of its own. A copy of the latter has
//! 2 MB, is made at once, and is what a run gets.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use anyhow::{Context, Result, bail};

use crate::{cargo, command, install};

/// The source of a DLL that Wine lacks and each Rust program loads.
const RANDOM: &str = include_str!("../../tests/c/bcryptprimitives.c");

/// The key of the registry that says which Windows it is, and its values: those
/// of the Windows Server that has all that the DLLs have.
const VERSION_KEY: &str = r"HKLM\Software\Microsoft\Windows NT\CurrentVersion";
const VERSION: [(&str, &str, &str); 3] = [
    ("CurrentBuild", "REG_SZ", "26100"),
    ("CurrentBuildNumber", "REG_SZ", "26100"),
    ("UBR", "REG_DWORD", "1234"),
];

/// Neither .NET and a browser, which it would ask about, nor entries in menus.
const OVERRIDES: &str = "mscoree,mshtml,winemenubuilder.exe=d";

/// How long the server stays after its last program, in seconds: the next one
/// starts ten times as fast, and what is killed here leaves none for long.
const LINGER: &str = "-p30";

/// A file in a prefix that is complete: what it was made by.
const MARKER: &str = "made-by";

/// The prefix that is kept, made where it is not there.
pub(crate) fn prefix() -> Result<PathBuf> {
    let version = command::output(Command::new("wine").arg("--version"))?;
    let name = version.trim().replace(|letter: char| !letter.is_ascii_alphanumeric(), "-");
    let folder = cargo::target_folder()?.join("tools/wine").join(name);
    let (files, prefix) = (folder.join("files"), folder.join("prefix"));
    // A change of either source makes another.
    let recipe = format!("{}\n{RANDOM}", include_str!("wine.rs"));
    let is_made = |prefix: &Path| {
        fs::read_to_string(prefix.join(MARKER)).is_ok_and(|made_by| made_by == recipe)
    };
    if is_made(&files) && is_made(&prefix) {
        return Ok(prefix);
    }
    println!("making a Wine prefix in {}", folder.display());
    for old in [&prefix, &files] {
        remove(old)?;
    }
    whole_at_once(&files, |new| {
        make(new)?;
        Ok(fs::write(new.join(MARKER), &recipe)?)
    })?;
    whole_at_once(&prefix, |new| link(&files, new))?;
    Ok(prefix)
}

/// Makes a folder under another name and renames it, so that one that is there
/// is complete.
fn whole_at_once(folder: &Path, fill: impl FnOnce(&Path) -> Result<()>) -> Result<()> {
    let new = folder.with_extension(std::process::id().to_string());
    fs::create_dir_all(&new)?;
    let made = fill(&new).and_then(|()| {
        fs::rename(&new, folder).with_context(|| format!("making {}", folder.display()))
    });
    if made.is_err() {
        remove(&new)?;
    }
    made
}

fn remove(folder: &Path) -> Result<()> {
    if !folder.exists() {
        return Ok(());
    }
    fs::remove_dir_all(folder).with_context(|| format!("removing {}", folder.display()))
}

/// Makes a prefix, of the Windows that [`VERSION`] says.
fn make(prefix: &Path) -> Result<()> {
    let session = Session::begin(prefix.to_owned())?;
    session.wine(&["wineboot", "--init"])?;
    session.wine(&["winecfg", "-v", "win10"])?;
    for (name, kind, value) in VERSION {
        session.wine(&["reg", "add", VERSION_KEY, "/v", name, "/t", kind, "/d", value, "/f"])?;
    }
    drop(session);
    let registry = fs::read_to_string(prefix.join("system.reg"))?;
    if !registry.contains("\"CurrentBuild\"=\"26100\"") {
        bail!("the registry of {} has not kept the build", prefix.display());
    }
    let random = prefix.join("drive_c/windows/system32/bcryptprimitives.dll");
    if !random.exists() {
        let source = command::workspace().join("tests/c/bcryptprimitives.c");
        let mut compile = Command::new(install::MINGW.program);
        compile.args(["-O2", "-Wall", "-Werror", "-shared", "-o"]).arg(&random);
        command::run(compile.arg(source).arg("-ladvapi32"))?;
    }
    Ok(())
}

/// Makes a prefix whose files are links to those of another. What a server
/// writes in place is copied.
fn link(files: &Path, prefix: &Path) -> Result<()> {
    let mut copy = Command::new("cp");
    command::run(copy.args(["--archive", "--symbolic-link"]).arg(files.join(".")).arg(prefix))?;
    for entry in fs::read_dir(files)? {
        let entry = entry?;
        if entry.file_type()?.is_file() {
            let own = prefix.join(entry.file_name());
            fs::remove_file(&own)?;
            fs::copy(entry.path(), own)?;
        }
    }
    // The links to its drives became links to the other's.
    let drives = prefix.join("dosdevices");
    remove(&drives)?;
    let mut copy = Command::new("cp");
    command::run(copy.arg("--archive").arg(files.join("dosdevices")).arg(drives))
}

/// A prefix that programs run in. Dropped, none does.
pub(crate) struct Session {
    prefix: PathBuf,
    is_copy: bool,
}

impl Session {
    /// A copy of the prefix that is kept, gone with the session.
    pub(crate) fn new() -> Result<Self> {
        let kept = prefix()?;
        let copy = kept.with_extension(format!("run-{}", std::process::id()));
        command::run(Command::new("cp").arg("--archive").arg(kept).arg(&copy))?;
        let mut session = Self::begin(copy)?;
        session.is_copy = true;
        // The first program starts Windows's own, which keep its streams open.
        session.wine(&["cmd", "/c", "exit"])?;
        Ok(session)
    }

    fn begin(prefix: PathBuf) -> Result<Self> {
        fs::create_dir_all(prefix.join("tmp"))?;
        let session = Self { prefix, is_copy: false };
        session.server(LINGER)?;
        Ok(session)
    }

    /// What makes Wine use it, for this command and those that it starts.
    pub(crate) fn environment(&self, command: &mut Command) {
        command
            .env("WINEPREFIX", &self.prefix)
            .env("WINEARCH", "win64")
            .env("WINEDEBUG", "-all")
            .env("WINEDLLOVERRIDES", OVERRIDES)
            // The server's socket is in there.
            .env("TMPDIR", self.prefix.join("tmp"))
            .env_remove("DISPLAY");
    }

    fn wine(&self, arguments: &[&str]) -> Result<()> {
        self.quietly(Command::new("wine").args(arguments))
    }

    fn server(&self, argument: &str) -> Result<()> {
        self.quietly(Command::new("wineserver").arg(argument))
    }

    fn quietly(&self, command: &mut Command) -> Result<()> {
        self.environment(command);
        command.stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        command::run(command)
    }
}

impl Drop for Session {
    fn drop(&mut self) {
        // That there is none is no fault.
        let _ = self.server("-k");
        let _ = self.server("-w");
        // Names the folder in `tmp` that the server had.
        let _ = fs::remove_file(self.prefix.join("wineserver"));
        let _ = fs::remove_dir_all(self.prefix.join("tmp"));
        if self.is_copy {
            let _ = fs::remove_dir_all(&self.prefix);
        }
    }
}
