//! Named pipes between the shim and our streams.

use anyhow::Result;
use host_windows::named_pipe::{self, ListenOptions, Listener, local};
use tokio::io::{AsyncWriteExt, copy};
use tokio::task::JoinHandle;

/// The pipes, each with a task that copies.
pub(super) struct Pipes {
    names: [String; 3],
    outputs: Vec<JoinHandle<()>>,
}

impl Pipes {
    /// A terminal has no stderr.
    pub(super) fn new(is_terminal: bool) -> Result<Self> {
        let (stdin, mut input) = pipe()?;
        tokio::spawn(async move {
            if let Ok(mut pipe) = input.accept().await {
                // Who closes it wants no more.
                let _ = copy(&mut tokio::io::stdin(), &mut pipe).await;
                let _ = pipe.shutdown().await;
            }
        });
        let (stdout, output) = pipe()?;
        let mut outputs = vec![tokio::spawn(relay(output, tokio::io::stdout()))];
        let stderr = match is_terminal {
            true => String::new(),
            false => {
                let (stderr, output) = pipe()?;
                outputs.push(tokio::spawn(relay(output, tokio::io::stderr())));
                stderr
            }
        };
        Ok(Self { names: [stdin, stdout, stderr], outputs })
    }

    /// Their names; nothing for what there is none of.
    pub(super) fn names(&self) -> [String; 3] {
        self.names.clone()
    }

    /// Waits until all output has been written.
    pub(super) async fn finish(self) {
        for (name, output) in self.names.iter().skip(1).zip(self.outputs) {
            // Where nobody has opened it, the task waits for someone who does.
            drop(named_pipe::dial(name, std::time::Duration::ZERO).await);
            let _ = output.await;
        }
    }
}

/// A pipe that nobody else knows the name of.
fn pipe() -> Result<(String, Listener)> {
    let path = local(&uuid::Uuid::new_v4().to_string());
    let listener = named_pipe::listen(&path, &ListenOptions::default())?;
    Ok((path.display().to_string(), listener))
}

async fn relay(mut listener: Listener, mut to: impl tokio::io::AsyncWrite + Unpin) {
    if let Ok(mut pipe) = listener.accept().await {
        // Nobody reads what can't be written.
        let _ = copy(&mut pipe, &mut to).await;
        let _ = to.flush().await;
    }
}
