//! What containerd tells a shim on its standard input.

use std::io::{self, Read};

use anyhow::{Context as _, bail};
use shim_protos::any::{self, Any};
use shim_protos::bootstrap::BootstrapParams;
use shim_protos::protobuf::Message;
use shim_protos::runhcs::Options;

use crate::log::Level;

/// The options of other runtimes that containerd sends on Linux where none of ours are
/// configured. Nothing in them is for us.
const OTHERS: [&str; 3] = [
    "containerd.linux.runc.CreateOptions",
    "containerd.runc.v1.Options",
    "runtimeoptions.v1.Options",
];

/// No options are as long.
const MOST: u64 = 16 << 20;

/// What a shim begins with.
#[derive(Debug, Default, PartialEq)]
pub(crate) struct Beginning {
    pub(crate) options: Options,
    /// How much containerd wants to be told, where it says so.
    pub(crate) level: Option<Level>,
    /// Where containerd takes events, where it says so.
    pub(crate) events: Option<String>,
}

impl Beginning {
    /// Reads all of the standard input.
    pub(crate) fn read() -> anyhow::Result<Self> {
        let mut bytes = Vec::new();
        io::stdin().take(MOST).read_to_end(&mut bytes).context("failed to read input")?;
        Self::parse(&bytes)
    }

    /// containerd 1 and 2.0 send the options alone, in an `Any`, or nothing at all;
    /// later ones send `BootstrapParams` with the options among its extensions.
    fn parse(bytes: &[u8]) -> anyhow::Result<Self> {
        if bytes.is_empty() {
            return Ok(Self::default());
        }
        let any = Any::parse_from_bytes(bytes).ok();
        // An `Any` has the first two fields of `BootstrapParams` and no more.
        let whole = any.filter(|any| any.special_fields.unknown_fields().iter().next().is_none());
        if let Some(any) = whole {
            return Ok(Self { options: options(&any)?, ..Self::default() });
        }
        let params = BootstrapParams::parse_from_bytes(bytes)
            .context("failed unmarshaling into Any or BootstrapParams")?;
        Self::from_params(&params)
    }

    fn from_params(params: &BootstrapParams) -> anyhow::Result<Self> {
        let extensions = params.extensions.iter().filter_map(|extension| extension.value.as_ref());
        let mut beginning = Self::default();
        for any in extensions.filter(|any| any::is::<Options>(any)) {
            beginning.options = options(any)?;
        }
        let level = match params.log_level.value() {
            ..=-8 => Level::TRACE,
            -7..=-1 => Level::DEBUG,
            0..=3 => Level::INFO,
            4..=7 => Level::WARNING,
            8.. => Level::ERROR,
        };
        beginning.level = Some(level);
        let events = Some(params.containerd_ttrpc_address.clone());
        beginning.events = events.filter(|address| !address.is_empty());
        Ok(beginning)
    }
}

fn options(any: &Any) -> anyhow::Result<Options> {
    let name = any.type_url.rsplit('/').next().unwrap_or_default();
    match name {
        "" if any.value.is_empty() => Ok(Options::new()),
        _ if OTHERS.contains(&name) => Ok(Options::new()),
        _ if any::is::<Options>(any) => Ok(any::unpack(any)?),
        _ => bail!("failed unmarshaling by typeurl: {name:?} are not the options of this runtime"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use shim_protos::bootstrap::{Extension, LogLevel};

    fn some() -> Options {
        Options { vm_processor_count: 4, log_level: "debug".into(), ..Options::new() }
    }

    #[test]
    fn nothing_is_the_default() {
        assert_eq!(Beginning::parse(&[]).expect("nothing"), Beginning::default());
    }

    #[test]
    fn options_alone() {
        let bytes = any::pack(&some()).and_then(|any| any.write_to_bytes()).expect("bytes");
        let beginning = Beginning::parse(&bytes).expect("options");
        assert_eq!(beginning, Beginning { options: some(), ..Beginning::default() });
    }

    #[test]
    fn options_of_runc_are_passed_over_and_unknown_ones_refused() {
        let packed = |name: &str| {
            let any = Any { type_url: name.into(), value: vec![8, 1], ..Any::default() };
            Beginning::parse(&any.write_to_bytes().expect("bytes"))
        };
        for name in OTHERS {
            assert_eq!(packed(name).expect(name), Beginning::default());
        }
        let error = packed("example/other.Options").expect_err("unknown").to_string();
        assert!(error.contains("other.Options"), "{error}");
    }

    #[test]
    fn parameters_with_options_among_their_extensions() {
        let extension = |value| Extension { value: Some(value).into(), ..Extension::default() };
        let other = Any { type_url: "example/other".into(), ..Any::default() };
        let params = BootstrapParams {
            instance_id: "c1".into(),
            namespace: "default".into(),
            log_level: LogLevel::LOG_LEVEL_WARN.into(),
            containerd_ttrpc_address: "/run/containerd/containerd.sock.ttrpc".into(),
            extensions: vec![extension(other), extension(any::pack(&some()).expect("any"))],
            ..BootstrapParams::default()
        };
        let beginning = Beginning::parse(&params.write_to_bytes().expect("bytes"));
        let expected = Beginning {
            options: some(),
            level: Some(Level::WARNING),
            events: Some(params.containerd_ttrpc_address),
        };
        assert_eq!(beginning.expect("parameters"), expected);
    }

    #[test]
    fn what_is_neither_is_refused() {
        assert!(Beginning::parse(b"\xff\xff").is_err());
    }
}
