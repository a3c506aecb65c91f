//! A spec that containerd hands over: what is made of it either is refused or made,
//! and what was read can be written, read again and written the same.
#![no_main]

use libfuzzer_sys::fuzz_target;
use oci::container::LinuxContainerDocument;
use oci::layers::{LcowLayers, RootfsMount, WcowLayers};
use oci::uvm::{CreateOptions, Host};
use oci::{
    ProcessHost, Spec, WantedStreams, hv_socket_table, process_annotations, process_parameters,
    sandbox,
};

fuzz_target!(|input: (Vec<String>, &str)| {
    let (options, text) = input;
    for kind in ["windows-layer", "cimfs", "BlockCIM", "lcow-layer", "overlay"] {
        let mount =
            RootfsMount { kind: kind.into(), options: options.clone(), ..Default::default() };
        let _ = (LcowLayers::parse(&[mount.clone()], &[]), WcowLayers::parse(&[mount], &options));
    }
    let _ = (LcowLayers::parse(&[], &options), WcowLayers::parse(&[], &options));

    let Ok(mut spec) = serde_json::from_str::<Spec>(text) else { return };
    let once = serde_json::to_string(&spec).expect("what was read can be written");
    let again: Spec = serde_json::from_str(&once).expect("what was written can be read");
    assert_eq!(serde_json::to_string(&again).expect("written"), once);

    let _ = process_annotations(&mut spec.annotations);
    let _ = sandbox(spec.annotations());
    hv_socket_table(spec.annotations());
    LinuxContainerDocument::new(&spec, "/bundle", "/scratch");
    for host in [ProcessHost::Windows, ProcessHost::LinuxVm, ProcessHost::LinuxContainer] {
        let _ = process_parameters(host, spec.process.as_ref(), WantedStreams::default());
    }
    let host = Host {
        build: 26100,
        is_arm64: false,
        processors: 4,
        program_folder: r"C:\programs",
        program_files: r"C:\Program Files",
        current_folder: r"C:\",
        log_level: "info",
        exists: &|path| path.len() % 2 == 0,
    };
    let _ = CreateOptions::from_spec(&mut spec, "id", "owner", &host);
});
