//! A process that has our streams, our console and our signals until it ends.

use compute::{ConsoleSize, Process, Signal};
use host_windows::console::{Console, RawMode};
use tokio::signal::windows;

use super::relay::Relay;
use crate::creation::exit_code;

/// How often our console is asked for its size.
const LOOK_AT_SIZE: std::time::Duration = std::time::Duration::from_millis(250);

/// What attends a process. Dropped, it gives the console back.
pub(super) struct Foreground {
    relay: Relay,
    signals: Signals,
    console: Option<(Console, RawMode)>,
    is_linux: bool,
}

struct Signals {
    ctrl_c: windows::CtrlC,
    ctrl_break: windows::CtrlBreak,
    ctrl_close: windows::CtrlClose,
    ctrl_shutdown: windows::CtrlShutdown,
}

/// What came from our console.
#[derive(Debug, Clone, Copy)]
enum Event {
    C,
    Break,
    Close,
    Shutdown,
}

impl Foreground {
    /// Takes signals from now on, and connects our streams with the process's.
    pub(super) async fn enter(
        process: &dyn Process,
        os: &str,
        terminal: bool,
    ) -> anyhow::Result<Self> {
        let signals = Signals {
            ctrl_c: windows::ctrl_c()?,
            ctrl_break: windows::ctrl_break()?,
            ctrl_close: windows::ctrl_close()?,
            ctrl_shutdown: windows::ctrl_shutdown()?,
        };
        let console = match terminal.then(Console::find).flatten() {
            Some(console) => {
                let raw = console.raw_mode()?;
                Some((console, raw))
            }
            None => None,
        };
        let relay = Relay::start(process.stdio().await?);
        Ok(Self { relay, signals, console, is_linux: os.eq_ignore_ascii_case("linux") })
    }

    /// Waits for the process's end and the last of its output; gives its exit
    /// code.
    pub(super) async fn attend(mut self, process: &dyn Process) -> anyhow::Result<u8> {
        let mut ended = process.wait();
        let mut look = tokio::time::interval(LOOK_AT_SIZE);
        let mut size = None;
        loop {
            tokio::select! {
                biased;
                outcome = &mut ended => break outcome?,
                event = self.signals.next() => self.pass_on(event, process).await,
                () = self.relay.input_ended() => {
                    if let Err(error) = process.close_stdin().await {
                        tracing::debug!(%error, "the process's input was not closed");
                    }
                }
                _ = look.tick(), if self.console.is_some() => {
                    let now = self.console.as_ref().and_then(|(console, _)| console.size());
                    if now != size {
                        size = now;
                        resize(process, now).await;
                    }
                }
            }
        }
        self.relay.finish().await;
        exit_code(process).await
    }

    /// Passes a signal on. One that comes too late is nobody's fault.
    async fn pass_on(&self, event: Event, process: &dyn Process) {
        let signal = match (self.is_linux, event) {
            (true, Event::C) => Signal::Linux(2),
            (true, Event::Break) => Signal::Linux(3),
            (true, Event::Close | Event::Shutdown) => Signal::Linux(15),
            (false, Event::C) => Signal::Windows("CtrlC".into()),
            (false, Event::Break) => Signal::Windows("CtrlBreak".into()),
            (false, Event::Close) => Signal::Windows("CtrlClose".into()),
            (false, Event::Shutdown) => Signal::Windows("CtrlShutdown".into()),
        };
        if let Err(error) = process.signal(&signal).await {
            tracing::debug!(?event, %error, "a signal was not passed on");
        }
    }
}

impl Signals {
    async fn next(&mut self) -> Event {
        // A stream that has ended gives nothing any more.
        tokio::select! {
            Some(()) = self.ctrl_c.recv() => Event::C,
            Some(()) = self.ctrl_break.recv() => Event::Break,
            Some(()) = self.ctrl_close.recv() => Event::Close,
            Some(()) = self.ctrl_shutdown.recv() => Event::Shutdown,
            else => std::future::pending().await,
        }
    }
}

async fn resize(process: &dyn Process, size: Option<(u16, u16)>) {
    let Some((width, height)) = size else {
        return;
    };
    if let Err(error) = process.resize_console(ConsoleSize { width, height }).await {
        tracing::debug!(%error, "the process's console was not resized");
    }
}
