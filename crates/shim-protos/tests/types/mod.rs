//! Each message by its name.

use containerd_shim_protos as containerd;
use protobuf::reflect::{FileDescriptor, MessageDescriptor};
use shim_protos::{
    bootstrap, cgroups, computeagent, events, extendedtask, migration, ncproxy, nodenetsvc, runhcs,
    sandbox, save, shimdiag, stats, ttrpc, ttrpc_types, types,
};

/// A message of ours or containerd's.
pub(crate) fn find(name: &str) -> Option<MessageDescriptor> {
    // Version 2 of the task service has the messages of version 3, ttrpc's crate
    // calls its package otherwise.
    let renamed = name.replace("containerd.task.v2.", "containerd.task.v3.");
    let own = renamed.strip_prefix("ttrpc.").map(|name| format!("grpc.{name}"));
    let mut all = files().into_iter().flat_map(|file| file.messages().collect::<Vec<_>>());
    all.find_map(|message| within(&message, &renamed).or_else(|| within(&message, own.as_deref()?)))
}

fn within(message: &MessageDescriptor, name: &str) -> Option<MessageDescriptor> {
    if message.full_name() == name {
        return Some(message.clone());
    }
    message.nested_messages().find_map(|inner| within(&inner, name))
}

fn files() -> Vec<FileDescriptor> {
    let files = [
        bootstrap::file_descriptor(),
        cgroups::v1::file_descriptor(),
        cgroups::v2::file_descriptor(),
        computeagent::file_descriptor(),
        containerd::shim::event::file_descriptor(),
        containerd::shim::events::file_descriptor(),
        containerd::shim::shim::file_descriptor(),
        events::container::file_descriptor(),
        events::content::file_descriptor(),
        events::image::file_descriptor(),
        events::namespace::file_descriptor(),
        events::sandbox::file_descriptor(),
        events::snapshot::file_descriptor(),
        events::task::file_descriptor(),
        extendedtask::file_descriptor(),
        migration::file_descriptor(),
        migration::options::file_descriptor(),
        ncproxy::file_descriptor(),
        nodenetsvc::file_descriptor(),
        runhcs::file_descriptor(),
        sandbox::file_descriptor(),
        save::linuxcontainer::file_descriptor(),
        save::migration::file_descriptor(),
        save::network::file_descriptor(),
        save::pod::file_descriptor(),
        save::process::file_descriptor(),
        save::scsi::file_descriptor(),
        save::vm::file_descriptor(),
        shimdiag::file_descriptor(),
        stats::file_descriptor(),
        ttrpc::proto::file_descriptor(),
        ttrpc_types::file_descriptor(),
        types::file_descriptor(),
        types::introspection::file_descriptor(),
        types::mount::file_descriptor(),
        types::platform::file_descriptor(),
        types::task::file_descriptor(),
    ];
    files.into_iter().cloned().collect()
}
