//! A process that has our terminal and our signals until it ends.

use std::future::poll_fn;
use std::task::Poll;

use anyhow::anyhow;
use compute::{ConsoleSize, Process, Signal};
use tokio::signal::unix::{self, SignalKind};

use super::relay::Relay;
use super::terminal::{RawMode, Terminal};
use crate::creation::exit_code;

/// The signals that are passed on: those that somebody sends to end a program
/// or to tell it something. What the kernel sends for a fault of ours is ours.
const FORWARDED: [i32; 9] = [
    1,  // HUP
    2,  // INT
    3,  // QUIT
    10, // USR1
    12, // USR2
    15, // TERM
    18, // CONT
    20, // TSTP
    28, // WINCH
];
const WINCH: i32 = 28;

/// What attends a process. Dropped, it gives the terminal back.
pub(super) struct Foreground {
    signals: Vec<(i32, unix::Signal)>,
    console: Option<Attached>,
}

/// A process's console that our terminal, if there is one, is connected to.
struct Attached {
    relay: Relay,
    terminal: Option<(Terminal, RawMode)>,
}

impl Foreground {
    /// Takes signals from now on, and connects our terminal to the process's
    /// console where it has one.
    pub(super) async fn enter(process: &dyn Process, terminal: bool) -> anyhow::Result<Self> {
        let listen = |number| {
            let signal = unix::signal(SignalKind::from_raw(number));
            signal
                .map(|signal| (number, signal))
                .map_err(|error| anyhow!("taking signal {number}: {error}"))
        };
        let signals = FORWARDED.into_iter().map(listen).collect::<anyhow::Result<_>>()?;
        let console = if terminal { Some(Attached::new(process).await?) } else { None };
        Ok(Self { signals, console })
    }

    /// Waits for the process's end and the last of its output; gives its exit
    /// code.
    pub(super) async fn attend(&mut self, process: &dyn Process) -> anyhow::Result<u8> {
        let mut ended = process.wait();
        loop {
            tokio::select! {
                biased;
                outcome = &mut ended => break outcome?,
                signal = next(&mut self.signals) => self.pass_on(signal, process).await,
            }
        }
        if let Some(console) = &mut self.console {
            console.relay.finish();
        }
        exit_code(process).await
    }

    /// Passes a signal on. One that comes too late is nobody's fault.
    async fn pass_on(&self, signal: i32, process: &dyn Process) {
        let passed = match &self.console {
            Some(console) if signal == WINCH => console.resize(process).await,
            _ => process.signal(&Signal::Linux(signal)).await.map(drop),
        };
        if let Err(error) = passed {
            tracing::debug!(signal, %error, "a signal was not passed on");
        }
    }
}

impl Attached {
    async fn new(process: &dyn Process) -> anyhow::Result<Self> {
        let console = process.console().await?;
        let console = console.ok_or_else(|| {
            anyhow!("this host does not give the console of process {} away", process.pid())
        })?;
        let terminal = match Terminal::find() {
            Some(terminal) => {
                let raw = terminal.raw_mode()?;
                Some((terminal, raw))
            }
            None => None,
        };
        let attached = Self { relay: Relay::start(console)?, terminal };
        attached.resize(process).await?;
        Ok(attached)
    }

    /// Gives the console the size of our terminal.
    async fn resize(&self, process: &dyn Process) -> compute::Result<()> {
        match self.terminal.as_ref().and_then(|(terminal, _)| terminal.size()) {
            Some((width, height)) => process.resize_console(ConsoleSize { width, height }).await,
            None => Ok(()),
        }
    }
}

/// The next signal of any kind.
async fn next(signals: &mut [(i32, unix::Signal)]) -> i32 {
    poll_fn(|context| {
        for (number, signal) in signals.iter_mut() {
            if let Poll::Ready(Some(())) = signal.poll_recv(context) {
                return Poll::Ready(*number);
            }
        }
        Poll::Pending
    })
    .await
}
