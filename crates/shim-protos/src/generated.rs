//! What `build.rs` makes of `proto/`.
#![allow(clippy::all, clippy::pedantic, clippy::restriction)]
#![allow(missing_docs, nonstandard_style, rust_2018_idioms, unreachable_pub, unused)]

macro_rules! generated {
    ($folder:literal: $($name:ident)*) => {
        $(pub mod $name {
            include!(concat!(env!("OUT_DIR"), "/", $folder, "/", stringify!($name), ".rs"));
        })*
    };
}

generated!("protos":
    computeagent computeagent_ttrpc containerd_types extendedtask extendedtask_ttrpc inspect
    inspect_ttrpc migration migration_options migration_ttrpc ncproxyttrpc ncproxyttrpc_ttrpc
    nodenetsvc runc runhcs shimdiag shimdiag_ttrpc ttrpc_types
);

pub mod save {
    generated!("save": linuxcontainer migration network pod process scsi vm);
}
