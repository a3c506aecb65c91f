//! A client of compute systems in a process of its own: one that can be
//! killed, and whose memory, threads and files are nobody else's.
//!
//! - `hold FOLDER DOCUMENT PARAMETERS ID`: makes and starts a system, starts a
//!   process in it, prints its pid, and stays.
//! - `cycle FOLDER DOCUMENT ID`: makes, starts, uses and ends systems until it
//!   is killed.
//! - `execs FOLDER DOCUMENT ID COUNT`: runs that many processes in a system,
//!   half of which cannot be started.
//! - `systems FOLDER DOCUMENT ID COUNT`: makes, starts and ends that many systems.
//!
//! The last two print figures of this process, and of the worker where there is
//! one, as JSON lines.

#[cfg(target_os = "linux")]
fn main() {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        match words[..] {
            ["hold", folder, document, parameters, id] => {
                linux::hold(folder, document, parameters, id).await
            }
            ["cycle", folder, document, id] => linux::cycle(folder, document, id).await,
            ["execs", folder, document, id, count] => {
                linux::execs(folder, document, id, number(count)).await
            }
            ["systems", folder, document, id, count] => {
                linux::systems(folder, document, id, number(count)).await
            }
            _ => panic!("unknown words: {words:?}"),
        }
    });
}

#[cfg(target_os = "linux")]
fn number(text: &str) -> u64 {
    text.parse().expect("a number")
}

#[cfg(target_os = "linux")]
mod linux {
    use compute::{ComputeService, ComputeSystem, StdioSource, SystemId};
    use e2e::drive::{command, finish};
    use e2e::machine::Usage;
    use hcs_schema::schema2::{self, ProcessParameters};
    use host_linux::{LinuxHost, Roots};

    fn document(path: &str) -> compute::Document {
        let text = std::fs::read(path).expect("the document");
        serde_json::from_slice::<schema2::ComputeSystem>(&text).expect("the document").into()
    }

    fn host(folder: &str) -> LinuxHost {
        LinuxHost::with_roots(Roots::below(folder))
    }

    fn id(text: &str) -> SystemId {
        text.parse().expect("the id")
    }

    pub(super) async fn hold(folder: &str, file: &str, parameters: &str, name: &str) {
        let system = host(folder).create(&id(name), &document(file)).await.expect("create");
        system.start().await.expect("start");
        let text = std::fs::read(parameters).expect("the parameters");
        let parameters: ProcessParameters = serde_json::from_slice(&text).expect("the parameters");
        let process =
            system.create_process(&parameters, StdioSource::Pipes).await.expect("create process");
        println!("{}", process.pid());
        std::future::pending().await
    }

    pub(super) async fn cycle(folder: &str, file: &str, name: &str) {
        let document = document(file);
        loop {
            // Whatever is killed under it, it begins again.
            let _ = once(&host(folder), &id(name), &document).await;
        }
    }

    async fn once(
        host: &LinuxHost,
        id: &SystemId,
        document: &compute::Document,
    ) -> compute::Result<()> {
        let system = host.create(id, document).await?;
        system.start().await?;
        let process = system.create_process(&command(&["true"]), StdioSource::Pipes).await?;
        process.wait().await?;
        let lasting =
            system.create_process(&command(&["sleep", "0.02"]), StdioSource::Pipes).await?;
        lasting.wait().await?;
        system.terminate().await?;
        system.wait().await?;
        system.close().await
    }

    /// Prints the figures of this process and the worker's, at ten points.
    fn report(done: u64, count: u64, worker: Option<u32>) {
        if done.is_multiple_of((count / 10).max(1)) {
            let client = Usage::of(std::process::id()).to_json();
            let worker = worker.map(|pid| Usage::of(pid).to_json());
            println!("{}", serde_json::json!({"done": done, "client": client, "worker": worker}));
        }
    }

    /// What can be started and what cannot, in turn.
    fn attempt(number: u64) -> (ProcessParameters, bool) {
        match number % 6 {
            0 | 2 | 4 => (command(&["true"]), true),
            1 => (command(&["/no/such/file"]), false),
            3 => (command(&["/etc/unexecutable"]), false),
            _ => (ProcessParameters { user: "nobody-here".into(), ..command(&["true"]) }, false),
        }
    }

    pub(super) async fn execs(folder: &str, file: &str, name: &str, count: u64) {
        let system = host(folder).create(&id(name), &document(file)).await.expect("create");
        system.start().await.expect("start");
        let worker = e2e::machine::worker_of(folder.as_ref(), name);
        for done in 1..=count {
            let (parameters, works) = attempt(done);
            match system.create_process(&parameters, StdioSource::Pipes).await {
                Ok(process) if works => assert_eq!(finish(process.as_ref()).await.code, 0),
                Err(_) if !works => {}
                Ok(_) => panic!("it should have failed: {parameters:?}"),
                Err(error) => panic!("{error:#}"),
            }
            report(done, count, worker);
        }
        e2e::drive::end(system).await;
    }

    pub(super) async fn systems(folder: &str, file: &str, name: &str, count: u64) {
        let document = document(file);
        for done in 1..=count {
            let system: Box<dyn ComputeSystem> =
                host(folder).create(&id(name), &document).await.expect("create");
            system.start().await.expect("start");
            e2e::drive::end(system).await;
            report(done, count, None);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn main() {}
