//! `hcs-gateway`: lets the stand-in DLLs use this machine's Linux host.
//!
//! Does: listen on loopback, ask each connection for a secret, and do on the Linux
//! host what a DLL of a Windows program under Wine is asked for.
//!
//! Does not: listen anywhere else. Whoever knows the secret may do all that the
//! user of this program may.

#[cfg(target_os = "linux")]
mod order;
#[cfg(target_os = "linux")]
mod paths;
#[cfg(target_os = "linux")]
mod process;
#[cfg(target_os = "linux")]
mod program;
#[cfg(target_os = "linux")]
mod reply;
#[cfg(target_os = "linux")]
mod server;
#[cfg(target_os = "linux")]
mod session;
#[cfg(target_os = "linux")]
mod streams;
#[cfg(target_os = "linux")]
mod turns;

use std::net::SocketAddr;
use std::path::PathBuf;

use clap::Parser;

const EXAMPLES: &str = "\
Examples:
  export HCSSHIM_GATEWAY_SECRET=\"$(head -c 32 /dev/urandom | base64)\"
  hcs-gateway --address-file /run/hcs-gateway &
  HCSSHIM_GATEWAY=\"$(cat /run/hcs-gateway)\" wine runhcs.exe list

A Windows program finds the gateway by HCSSHIM_GATEWAY (address and port) and
HCSSHIM_GATEWAY_SECRET in its environment.";

/// Lets the stand-in DLLs use this machine's Linux host.
#[derive(Parser)]
#[command(version, after_help = EXAMPLES)]
struct Arguments {
    /// Where to listen; a loopback address. Port 0 is any that is free.
    #[arg(long, default_value = "127.0.0.1:0")]
    listen: SocketAddr,
    /// A file to write the address to, once it can be connected to.
    #[arg(long, value_name = "PATH")]
    address_file: Option<PathBuf>,
    /// A Windows drive and the folder that it is, such as `Z:=/`.
    #[arg(long = "drive", value_name = "DRIVE=FOLDER", default_value = "Z:=/")]
    drives: Vec<String>,
    /// Tells each call on stderr.
    #[arg(long)]
    debug: bool,
}

fn main() -> anyhow::Result<()> {
    let arguments = Arguments::parse();
    #[cfg(target_os = "linux")]
    return program::run(arguments);
    #[cfg(not(target_os = "linux"))]
    {
        let Arguments { listen, address_file, drives, debug } = arguments;
        drop((listen, address_file, drives, debug));
        anyhow::bail!("the Linux host runs on Linux only: start hcs-gateway there")
    }
}
