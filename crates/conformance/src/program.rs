//! What runs in a container, in the words of each host.

use hcs_schema::schema2::ProcessParameters;
use serde::{Deserialize, Serialize};

use crate::{Containers, Host, HostKind};

/// The first word of a command for a puppet.
pub(crate) const PUPPET: &str = "puppet";

/// A program of few words. Each ends with code 0 where nothing else is said, and
/// what it writes is lines.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub enum Program {
    /// Ends at once with this code.
    Exit(i32),
    /// Writes a line to stdout and one to stderr, and ends with a code. An empty
    /// line is not written.
    Print(String, String, i32),
    /// Copies its stdin to its stdout, byte for byte.
    Cat,
    /// Sleeps until it is ended.
    Sleep,
    /// Writes `ready`, then sleeps until it is ended.
    Ready,
    /// Writes the numbers from 1 to this one.
    Count(u32),
    /// Writes the value of an environment variable.
    Env(String),
    /// Writes its working directory.
    Cwd,
    /// Writes each of its arguments in brackets. For Linux.
    Arguments(Vec<String>),
    /// Writes as much as is read.
    Flood,
    /// Writes `tick` over and over, about a hundred times a second.
    Tick,
    /// Writes `ready`, then sleeps; a signal that can be ignored is. For Linux.
    IgnoreSignals,
    /// Writes `ready`; at SIGTERM it writes `told` and ends with this code. For Linux.
    OnSignal(i32),
    /// Reads a line, writes `got` and the line, and ends with this code.
    ReadLine(i32),
    /// Ends itself by a signal of this number. For Linux.
    KillItself(i32),
    /// Writes height and width of its console, then the same again after each
    /// line that it reads. For Linux.
    TerminalSize,
    /// What no container has.
    NoSuchProgram,
}

impl Program {
    /// Parameters that run it, with pipes for stdout and stderr, and for stdin
    /// where it reads.
    pub(crate) fn parameters(&self, host: &Host) -> ProcessParameters {
        let mut parameters = ProcessParameters {
            create_std_in_pipe: self.reads(),
            create_std_out_pipe: true,
            create_std_err_pipe: true,
            ..Default::default()
        };
        match (host.kind, host.containers) {
            (HostKind::Fake, _) => parameters.command_args = self.puppet(),
            (_, Containers::Linux) => parameters.command_args = self.linux(),
            (_, Containers::Windows) => parameters.command_line = self.windows(),
        }
        parameters
    }

    fn reads(&self) -> bool {
        matches!(self, Self::Cat | Self::ReadLine(_) | Self::TerminalSize)
    }

    fn puppet(&self) -> Vec<String> {
        // A program is always JSON; a puppet says where a word is none.
        vec![PUPPET.into(), serde_json::to_string(self).unwrap_or_default()]
    }

    /// Words for a container with busybox.
    fn linux(&self) -> Vec<String> {
        let sh = |script: String| words(&["sh", "-c", &script]);
        match self {
            Self::Exit(code) => sh(format!("exit {code}")),
            Self::Print(out, err, code) => {
                let line = |text: &str, to: &str| match text {
                    "" => String::new(),
                    text => format!("echo {}{to}; ", quoted(text)),
                };
                sh(format!("{}{}exit {code}", line(out, ""), line(err, " >&2")))
            }
            Self::Cat => words(&["cat"]),
            Self::Sleep => words(&["sleep", "86400"]),
            Self::Ready => sh("echo ready; exec sleep 86400".into()),
            Self::Count(last) => words(&["seq", "1", &last.to_string()]),
            Self::Env(name) => sh(format!(r#"[ -n "${{{name}+x}}" ] && echo "${name}""#)),
            Self::Cwd => words(&["pwd"]),
            Self::Arguments(arguments) => {
                let mut line = words(&["sh", "-c", r#"for a; do echo "[$a]"; done"#, "sh"]);
                line.extend(arguments.iter().cloned());
                line
            }
            Self::Flood => words(&["yes"]),
            Self::Tick => sh("while :; do echo tick; sleep 0.01; done".into()),
            Self::IgnoreSignals => {
                sh("trap '' HUP INT TERM; echo ready; while :; do sleep 0.05; done".into())
            }
            Self::OnSignal(code) => sh(format!(
                "trap 'echo told; exit {code}' TERM; echo ready; while :; do sleep 0.02; done"
            )),
            Self::ReadLine(code) => sh(format!("read line; echo got $line; exit {code}")),
            Self::KillItself(signal) => sh(format!("kill -{signal} $$")),
            Self::TerminalSize => sh("stty size; while read line; do stty size; done".into()),
            Self::NoSuchProgram => words(&["/no/such/program"]),
        }
    }

    /// A command line for a Windows container.
    fn windows(&self) -> String {
        let cmd = |script: String| format!("cmd /s /c \"{script}\"");
        let powershell = |script: &str| format!("powershell -NoProfile -Command \"{script}\"");
        match self {
            Self::Exit(code) => cmd(format!("exit {code}")),
            Self::Print(out, err, code) => {
                let line = |text: &str, to: &str| match text {
                    "" => String::new(),
                    text => format!("{to}echo {text}& "),
                };
                cmd(format!("{}{}exit {code}", line(out, ""), line(err, "1>&2 ")))
            }
            Self::Cat => powershell(
                "[Console]::OpenStandardInput().CopyTo([Console]::OpenStandardOutput())",
            ),
            Self::Sleep => cmd("ping -t 127.0.0.1 >nul".into()),
            Self::Ready => cmd("echo ready& ping -t 127.0.0.1 >nul".into()),
            Self::Count(last) => powershell(&format!("1..{last}")),
            Self::Env(name) => cmd(format!("echo %{name}%")),
            Self::Cwd => cmd("cd".into()),
            Self::Flood => cmd("for /l %i in () do @echo y".into()),
            Self::Tick => powershell("while (1) { 'tick'; Start-Sleep -Milliseconds 10 }"),
            Self::ReadLine(code) => format!(
                "cmd /v:on /s /c \"set /p line=& echo got !line!& exit {code}\""
            ),
            Self::NoSuchProgram
            // These are not asked for here.
            | Self::Arguments(_)
            | Self::IgnoreSignals
            | Self::OnSignal(_)
            | Self::KillItself(_)
            | Self::TerminalSize => "no-such-program.exe".into(),
        }
    }
}

fn words(words: &[&str]) -> Vec<String> {
    words.iter().map(|word| (*word).to_owned()).collect()
}

/// One word for a POSIX shell.
pub(crate) fn quoted(text: &str) -> String {
    format!("'{}'", text.replace('\'', r"'\''"))
}

#[cfg(test)]
mod tests {
    use compute::command_line;

    use super::*;

    #[test]
    fn a_word_in_quotation_marks_is_one_word() {
        let word = r#"it's a "word" $HOME \"#;
        assert_eq!(command_line::parse_posix(&quoted(word)), Ok(vec![word.to_owned()]));
    }

    #[test]
    fn a_puppet_is_told_its_program() {
        let program = Program::Print("a b".into(), String::new(), 7);
        let parameters = program.parameters(&Host::fake());
        let [first, second] = &parameters.command_args[..] else {
            panic!("{parameters:?}");
        };
        assert_eq!(first, PUPPET);
        assert_eq!(serde_json::from_str::<Program>(second).expect("a program"), program);
    }
}
