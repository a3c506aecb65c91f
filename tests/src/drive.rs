//! Documents, commands, and what came of them, through the compute traits.

use std::path::Path;
use std::time::Duration;

use compute::error::SystemCode;
use compute::{ComputeService, ComputeSystem, Process, ReadPipe, Stdio, StdioSource};
use hcs_schema::schema2::{self, ProcessParameters};
use tokio::io::AsyncReadExt;

use crate::Stage;

/// How long anything that is waited for may take.
pub const LIMIT: Duration = Duration::from_secs(60);

/// What a process did.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Ran {
    /// Its exit code.
    pub code: i32,
    /// What it wrote to its stdout.
    pub out: String,
    /// What it wrote to its stderr.
    pub err: String,
}

impl Ran {
    /// What it wrote to its stdout, where it ended well.
    pub fn ok(self) -> String {
        assert_eq!(self.code, 0, "stdout {:?}, stderr {:?}", self.out, self.err);
        self.out.trim_end().to_owned()
    }
}

/// A schema 2 document with the stage's layer under a scratch.
pub fn document(stage: &Stage) -> schema2::ComputeSystem {
    container(schema2::Container {
        storage: Some(schema2::Storage {
            layers: vec![layer(&stage.layer())],
            ..Default::default()
        }),
        ..Default::default()
    })
}

/// A schema 2 document of a container.
pub fn container(container: schema2::Container) -> schema2::ComputeSystem {
    schema2::ComputeSystem {
        owner: "e2e".into(),
        schema_version: Some(schema2::Version::V21),
        container: Some(container),
        ..Default::default()
    }
}

/// The container of a document that [`document`] made.
pub fn inner(document: &mut schema2::ComputeSystem) -> &mut schema2::Container {
    document.container.get_or_insert_default()
}

/// A layer at this path.
pub fn layer(path: &Path) -> schema2::Layer {
    schema2::Layer { path: path.display().to_string(), ..Default::default() }
}

/// A command for the shell, its output in pipes.
pub fn sh(script: &str) -> ProcessParameters {
    command(&["sh", "-c", script])
}

/// A command by its words, its output in pipes.
pub fn command(words: &[&str]) -> ProcessParameters {
    ProcessParameters {
        command_args: words.iter().map(|word| (*word).to_owned()).collect(),
        create_std_out_pipe: true,
        create_std_err_pipe: true,
        ..Default::default()
    }
}

/// A system of this document that runs.
pub async fn started(
    stage: &Stage,
    name: &str,
    document: schema2::ComputeSystem,
) -> Box<dyn ComputeSystem> {
    let system = stage.host().create(&stage.id(name), &document.into()).await.expect("create");
    system.start().await.expect("start");
    system
}

/// Runs a process to its end.
pub async fn run(system: &dyn ComputeSystem, parameters: &ProcessParameters) -> Ran {
    let process =
        system.create_process(parameters, StdioSource::Pipes).await.expect("create process");
    finish(process.as_ref()).await
}

/// Reads a process's output and waits for its end.
pub async fn finish(process: &dyn Process) -> Ran {
    let Stdio { stdin: _stdin, stdout, stderr, .. } = process.stdio().await.expect("stdio");
    let (out, err) = tokio::join!(text(stdout), text(stderr));
    within(process.wait()).await.expect("wait");
    Ran { code: process.exit_code().await.expect("exit code"), out, err }
}

/// All of a stream.
pub async fn text(stream: Option<ReadPipe>) -> String {
    let mut bytes = Vec::new();
    if let Some(mut stream) = stream {
        within(stream.read_to_end(&mut bytes)).await.expect("reading a stream");
    }
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Reads a stream until it has shown this text.
pub async fn read_until(stream: &mut ReadPipe, wanted: &str) -> String {
    let mut bytes = Vec::new();
    within(async {
        while !String::from_utf8_lossy(&bytes).contains(wanted) {
            let mut some = [0; 4096];
            let count = stream.read(&mut some).await.expect("reading a stream");
            assert_ne!(count, 0, "the stream ended with {:?}", String::from_utf8_lossy(&bytes));
            bytes.extend_from_slice(&some[..count]);
        }
    })
    .await;
    String::from_utf8_lossy(&bytes).into_owned()
}

/// Waits for something that must come, however slow the machine is.
pub async fn within<F: Future>(future: F) -> F::Output {
    tokio::time::timeout(LIMIT, future).await.expect("it takes longer than it ever should")
}

/// Waits until a condition holds.
pub async fn until(what: &str, mut holds: impl AsyncFnMut() -> bool) {
    let deadline = tokio::time::Instant::now() + LIMIT;
    while !holds().await {
        assert!(tokio::time::Instant::now() < deadline, "never: {what}");
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
}

/// Ends a system and waits until it has gone.
pub async fn end(system: Box<dyn ComputeSystem>) {
    system.terminate().await.expect("terminate");
    within(system.wait()).await.expect("wait");
    system.close().await.expect("close");
}

/// The code of an outcome that has to be a failure.
pub fn code<T>(outcome: compute::Result<T>) -> SystemCode {
    match outcome {
        Ok(_) => panic!("it should have failed"),
        Err(error) => error.code().unwrap_or_else(|| panic!("an error without a code: {error}")),
    }
}

/// The whole text of an outcome that has to be a failure.
pub fn failure<T>(outcome: compute::Result<T>) -> String {
    match outcome {
        Ok(_) => panic!("it should have failed"),
        Err(error) => format!("{error:#}"),
    }
}

/// The state that the host tells of a system.
pub async fn state(stage: &Stage, name: &str) -> String {
    let system = match stage.host().open(&stage.id(name)).await {
        Ok(system) => system,
        Err(error) if compute::error::is_not_exist(&error) => return "gone".into(),
        Err(error) => panic!("open: {error:#}"),
    };
    system.properties(&Default::default()).await.expect("properties").state
}
