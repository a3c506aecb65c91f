//! Who plays the programs in the fake: a task for each process.

use std::io;
use std::time::Duration;

use compute::command_line;
use compute::fake::{FakeService, Inside};
use compute::{Signal, State};
use hcs_schema::schema2::ProcessParameters;

use crate::Program;
use crate::program::PUPPET;

/// How often a puppet looks whether something has happened.
const LOOK: Duration = Duration::from_millis(1);
/// The codes of shells: a signal's number is added.
const BY_SIGNAL: i32 = 128;
const SIGPIPE: i32 = 13;
const SIGTERM: i32 = 15;

/// From now on each process of the service does what its program says. The
/// service's calls are made on a runtime.
pub(crate) fn play(service: &FakeService) {
    service.on_process(|inside, pid, parameters| {
        let puppet = Puppet { inside, pid, parameters: parameters.clone() };
        tokio::spawn(puppet.play());
    });
}

struct Puppet {
    inside: Inside,
    pid: u32,
    parameters: ProcessParameters,
}

impl Puppet {
    async fn play(self) {
        let code = match self.program() {
            Ok(program) => self.run(&program).await,
            Err(why) => {
                // It has no other way to say it; where it has no pipe, the code does.
                let _ = self.inside.write_stderr(self.pid, why.as_bytes());
                Some(127)
            }
        };
        if let Some(code) = code {
            self.inside.exit_process(self.pid, code);
        }
    }

    fn program(&self) -> Result<Program, String> {
        let words = if self.parameters.command_args.is_empty() {
            command_line::parse_posix(&self.parameters.command_line)
                .map_err(|error| error.to_string())?
        } else {
            self.parameters.command_args.clone()
        };
        match &words[..] {
            // What an OCI spec says runs is not played: it sleeps.
            [] => Ok(Program::Sleep),
            [first, program] if first == PUPPET => {
                serde_json::from_str(program).map_err(|error| error.to_string())
            }
            _ => Err(format!("a puppet cannot play {words:?}\n")),
        }
    }

    /// Plays a program to its end. The code that it ends with; `None` where
    /// something else has ended it.
    async fn run(&self, program: &Program) -> Option<i32> {
        match self.act(program).await {
            Ok(code) => code,
            Err(_) => Some(BY_SIGNAL + SIGPIPE),
        }
    }

    async fn act(&self, program: &Program) -> io::Result<Option<i32>> {
        if !self.turn(program).await {
            return Ok(self.ended());
        }
        match program {
            Program::Exit(code) => Ok(Some(*code)),
            Program::KillItself(signal) => Ok(Some(BY_SIGNAL + signal)),
            Program::Print(out, err, code) => {
                if !out.is_empty() {
                    self.say(out)?;
                }
                if !err.is_empty() && self.parameters.create_std_err_pipe {
                    self.inside.write_stderr(self.pid, format!("{err}\n").as_bytes())?;
                }
                Ok(Some(*code))
            }
            Program::Count(last) => {
                let mut lines = String::new();
                for number in 1..=*last {
                    lines.push_str(&format!("{number}\n"));
                }
                self.write(lines.as_bytes())?;
                Ok(Some(0))
            }
            Program::Env(name) => {
                let value = self.parameters.environment.get(name);
                if let Some(value) = value {
                    self.say(value)?;
                }
                Ok(Some(i32::from(value.is_none())))
            }
            Program::Cwd => {
                let folder = self.parameters.working_directory.as_str();
                self.say(if folder.is_empty() { "/" } else { folder })?;
                Ok(Some(0))
            }
            Program::Arguments(arguments) => {
                for argument in arguments {
                    self.say(&format!("[{argument}]"))?;
                }
                Ok(Some(0))
            }
            Program::Cat => self.cat(program).await,
            Program::ReadLine(code) => self.read_line(program, *code).await,
            Program::Flood => self.repeat(program, &"y\n".repeat(2048)).await,
            Program::Tick => self.repeat(program, "tick\n").await,
            Program::Ready | Program::IgnoreSignals | Program::OnSignal(_) => {
                self.say("ready")?;
                self.sleep(program).await
            }
            Program::Sleep | Program::TerminalSize | Program::NoSuchProgram => {
                self.sleep(program).await
            }
        }
    }

    /// Waits until the system runs. `false`: the process is to end, or has ended.
    async fn turn(&self, program: &Program) -> bool {
        loop {
            if !self.inside.pids().contains(&self.pid) {
                return false;
            }
            match self.inside.state() {
                State::Running => {
                    return matches!(program, Program::IgnoreSignals) || self.ended().is_none();
                }
                State::Stopped => return false,
                State::Created | State::Paused => tokio::time::sleep(LOOK).await,
            }
        }
    }

    /// The code of a process that a signal ends.
    fn ended(&self) -> Option<i32> {
        let signals = self.inside.signals(self.pid);
        signals.contains(&Signal::Linux(SIGTERM)).then_some(BY_SIGNAL + SIGTERM)
    }

    async fn sleep(&self, program: &Program) -> io::Result<Option<i32>> {
        while self.turn(program).await {
            tokio::time::sleep(LOOK).await;
        }
        match (program, self.ended()) {
            (Program::OnSignal(code), Some(_)) => {
                self.say("told")?;
                Ok(Some(*code))
            }
            (_, ended) => Ok(ended),
        }
    }

    async fn repeat(&self, program: &Program, text: &str) -> io::Result<Option<i32>> {
        while self.turn(program).await {
            self.write(text.as_bytes())?;
            tokio::time::sleep(LOOK).await;
        }
        Ok(self.ended())
    }

    async fn cat(&self, program: &Program) -> io::Result<Option<i32>> {
        while self.turn(program).await {
            let (bytes, closed) = self.input();
            if !bytes.is_empty() {
                self.write(&bytes)?;
            } else if closed {
                return Ok(Some(0));
            } else {
                tokio::time::sleep(LOOK).await;
            }
        }
        Ok(self.ended())
    }

    async fn read_line(&self, program: &Program, code: i32) -> io::Result<Option<i32>> {
        let mut line = Vec::new();
        while self.turn(program).await {
            let (bytes, closed) = self.input();
            line.extend(bytes);
            if let Some(end) = line.iter().position(|byte| *byte == b'\n') {
                line.truncate(end);
            } else if !closed {
                tokio::time::sleep(LOOK).await;
                continue;
            }
            self.say(&format!("got {}", String::from_utf8_lossy(&line)))?;
            return Ok(Some(code));
        }
        Ok(self.ended())
    }

    /// What has come for it; without a pipe its input is at its end.
    fn input(&self) -> (Vec<u8>, bool) {
        self.inside.read_stdin(self.pid).unwrap_or((Vec::new(), true))
    }

    fn say(&self, line: &str) -> io::Result<()> {
        self.write(format!("{line}\n").as_bytes())
    }

    fn write(&self, bytes: &[u8]) -> io::Result<()> {
        if self.parameters.create_std_out_pipe || self.parameters.emulate_console {
            self.inside.write_stdout(self.pid, bytes)
        } else {
            Ok(())
        }
    }
}
