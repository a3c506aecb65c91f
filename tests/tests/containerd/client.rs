//! A client of containerd, whose container is `c`.

use std::process::Command;

use e2e::containerd::{Containerd, IMAGE};
use e2e::drive::Ran;
use e2e::tools;

use super::table::Seen;

/// Calls containerd, and keeps what it saw.
pub(crate) struct Client<'a> {
    pub(crate) containerd: &'a mut Containerd,
    pub(crate) runtime: &'static str,
    pub(crate) seen: Seen,
}

impl Client<'_> {
    pub(crate) fn saw(&mut self, what: &str, how: impl Into<String>) {
        self.seen.push((what.to_owned(), how.into()));
    }

    pub(crate) fn call(&self, arguments: &[&str]) -> Ran {
        self.containerd.call(arguments)
    }

    pub(crate) fn done(&self, arguments: &[&str]) -> String {
        let ran = self.call(arguments);
        let runtime = self.runtime;
        assert_eq!(ran.code, 0, "{runtime} {arguments:?}: {ran:?}\n{}", self.containerd.log());
        ran.out
    }

    /// A call that runs the container `c` to its end.
    pub(crate) fn command(&self, flags: &[&str], command: &[&str]) -> Command {
        let mut run = self.containerd.ctr(&["run", "--rm", "--runtime", self.runtime]);
        run.args(flags).args([IMAGE, "c"]).args(command);
        run
    }

    pub(crate) fn run(&self, flags: &[&str], script: &str) -> Ran {
        tools::finish(self.command(flags, &["/bin/sh", "-c", script]))
    }

    /// Runs the container `c`, which stays.
    pub(crate) fn detached(&self, command: &[&str]) {
        let mut run = self.containerd.ctr(&["run", "--detach", "--runtime", self.runtime]);
        run.arg("--fifo-dir").arg(self.containerd.fifos()).args([IMAGE, "c"]).args(command);
        let ran = tools::finish(run);
        assert_eq!(ran.code, 0, "{}: {ran:?}\n{}", self.runtime, self.containerd.log());
    }

    pub(crate) fn exec(&self, id: &str, script: &str) -> Ran {
        self.call(&["task", "exec", "--exec-id", id, "c", "/bin/sh", "-c", script])
    }

    pub(crate) fn state(&self) -> String {
        let list = self.done(&["task", "list"]);
        let line = list.lines().find(|line| line.starts_with("c ")).unwrap_or("c 0 none");
        line.split_whitespace().nth(2).unwrap_or_default().to_owned()
    }

    /// Ends the container `c`.
    pub(crate) fn remove(&self) {
        self.done(&["task", "delete", "--force", "c"]);
        self.done(&["container", "delete", "c"]);
    }

    pub(crate) fn nothing_is_left(&self) {
        let listed = ["task", "container"].map(|what| self.done(&[what, "list", "--quiet"]));
        let left = self.containerd.left();
        assert_eq!(listed, ["", ""], "{}", self.runtime);
        assert!(left.is_empty(), "{}: {left:#?}\n{}", self.runtime, self.containerd.log());
    }
}

/// All that a program did.
pub(crate) fn whole(ran: &Ran) -> String {
    format!("exit code {}, {:?}, {:?}", ran.code, ran.out, ran.err)
}

/// How a call was refused, as containerd's errors say it.
pub(crate) fn refusal(ran: &Ran) -> String {
    const KINDS: [&str; 5] =
        ["not found", "already exists", "failed precondition", "not implemented", "invalid"];
    if ran.code == 0 {
        return format!("done: {:?} {:?}", ran.out, ran.err);
    }
    let kind = KINDS.into_iter().find(|kind| ran.err.contains(kind)).unwrap_or("another error");
    format!("exit code {}: {kind}", ran.code)
}
