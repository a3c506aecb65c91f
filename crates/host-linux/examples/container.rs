//! One container, start to end: `container ROOTFS COMMAND`.
//!
//! Run it as root, with `hcs-worker` built beside it:
//!
//! ```text
//! cargo build -p hcs-worker && cargo run -p host-linux --example container -- ./rootfs "sh -c 'id; hostname'"
//! ```

#[cfg(not(target_os = "linux"))]
fn main() {
    eprintln!("this host runs on Linux");
}

#[cfg(target_os = "linux")]
fn main() -> Result<(), Box<dyn std::error::Error>> {
    linux::main()
}

#[cfg(target_os = "linux")]
mod linux {
    use compute::{ComputeService, Document, StdioSource};
    use hcs_schema::schema2::{
        ComputeSystem, Container, Layer, ProcessParameters, Storage, Version,
    };
    use host_linux::LinuxHost;
    use tokio::io::AsyncReadExt;

    #[tokio::main(flavor = "current_thread")]
    pub(super) async fn main() -> Result<(), Box<dyn std::error::Error>> {
        let mut arguments = std::env::args().skip(1);
        let (Some(rootfs), Some(command)) = (arguments.next(), arguments.next()) else {
            return Err("usage: container ROOTFS COMMAND".into());
        };
        let layer = Layer {
            path: std::fs::canonicalize(rootfs)?.display().to_string(),
            ..Layer::default()
        };
        let document = ComputeSystem {
            owner: "example".into(),
            schema_version: Some(Version::V21),
            container: Some(Container {
                storage: Some(Storage { layers: vec![layer], ..Storage::default() }),
                ..Container::default()
            }),
            ..ComputeSystem::default()
        };

        let host = LinuxHost::new();
        let system = host.create(&"example".parse()?, &Document::from(document)).await?;
        let outcome = run(system.as_ref(), command).await;
        system.terminate().await?;
        println!("the system ended: {:?}", system.wait().await?);
        system.close().await?;
        outcome
    }

    async fn run(
        system: &dyn compute::ComputeSystem,
        command: String,
    ) -> Result<(), Box<dyn std::error::Error>> {
        system.start().await?;
        let parameters = ProcessParameters {
            command_line: command,
            create_std_out_pipe: true,
            create_std_err_pipe: true,
            ..ProcessParameters::default()
        };
        let process = system.create_process(&parameters, StdioSource::Pipes).await?;
        let streams = process.stdio().await?;
        let (mut out, mut err) = (String::new(), String::new());
        if let (Some(mut stdout), Some(mut stderr)) = (streams.stdout, streams.stderr) {
            stdout.read_to_string(&mut out).await?;
            stderr.read_to_string(&mut err).await?;
        }
        process.wait().await?;
        print!("{out}{err}");
        println!("process {} ended with code {}", process.pid(), process.exit_code().await?);
        Ok(())
    }
}
