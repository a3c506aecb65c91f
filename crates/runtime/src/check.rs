//! What of a specification is refused at once, before anything is made.

use oci_spec::runtime::{Linux, Spec};

use crate::error::Error;
use crate::idmap::IdMaps;
use crate::namespaces::{Namespaces, kind};
use crate::{hooks, masks};

/// Checks what concerns no part in particular.
pub(crate) fn specification(spec: &Spec) -> Result<(), Error> {
    version(spec.version())?;
    let platforms = [
        ("solaris", spec.solaris().is_some()),
        ("windows", spec.windows().is_some()),
        ("vm", spec.vm().is_some()),
        ("zos", spec.zos().is_some()),
    ];
    if let Some((field, _)) = platforms.iter().find(|(_, is_set)| *is_set) {
        return Err(Error::unsupported(*field, "this runtime makes Linux containers"));
    }
    #[allow(deprecated, reason = "prestart hooks are still part of the specification")]
    if let Some(all) = spec.hooks() {
        for (kind, list) in [
            ("prestart", all.prestart()),
            ("createRuntime", all.create_runtime()),
            ("createContainer", all.create_container()),
            ("startContainer", all.start_container()),
            ("poststart", all.poststart()),
            ("poststop", all.poststop()),
        ] {
            hooks::check(kind, list)?;
        }
    }
    Ok(())
}

/// Versions are compatible as long as the first number is ours.
fn version(text: &str) -> Result<(), Error> {
    let number = text.split(['-', '+']).next().unwrap_or_default();
    let parts: Vec<_> = number.split('.').map(str::parse::<u32>).collect();
    match parts.as_slice() {
        [Ok(1), Ok(_), Ok(_)] => Ok(()),
        [Ok(_), Ok(_), Ok(_)] => {
            Err(Error::unsupported("ociVersion", format!("{text} is not 1.x.y")))
        }
        _ => Err(Error::invalid("ociVersion", format!("{text:?} is no version like 1.2.0"))),
    }
}

/// Checks `linux` against the name spaces that it asks for.
pub(crate) fn linux(spec: &Spec, linux: &Linux, namespaces: &Namespaces) -> Result<(), Error> {
    if linux.intel_rdt().is_some() {
        let reason = "cache and bandwidth allocation by resctrl is not offered: leave it out";
        return Err(Error::unsupported("linux.intelRdt", reason));
    }
    if linux.net_devices().as_ref().is_some_and(|devices| !devices.is_empty()) {
        let reason = "network devices are moved by the network's owner: use a network name space \
                      by path";
        return Err(Error::unsupported("linux.netDevices", reason));
    }
    masks::check("linux.maskedPaths", linux.masked_paths())?;
    masks::check("linux.readonlyPaths", linux.readonly_paths())?;
    for (field, is_set) in
        [("hostname", spec.hostname().is_some()), ("domainname", spec.domainname().is_some())]
    {
        if is_set && !namespaces.has(kind::UTS) {
            let reason = "it would change the host: give the container a uts name space";
            return Err(Error::invalid(field, reason));
        }
    }
    if linux.time_offsets().is_some() && !namespaces.is_new(kind::TIME) {
        let reason = "a new time name space is needed: add {\"type\": \"time\"}";
        return Err(Error::invalid("linux.timeOffsets", reason));
    }
    if let Some(personality) = linux.personality()
        && personality.flags().as_ref().is_some_and(|flags| !flags.is_empty())
    {
        let reason = "the specification knows no flags yet";
        return Err(Error::unsupported("linux.personality.flags", reason));
    }
    Ok(())
}

/// The id maps of the user name space that is to be made.
pub(crate) fn id_maps(linux: &Linux, namespaces: &Namespaces) -> Result<IdMaps, Error> {
    let maps = IdMaps {
        uids: linux.uid_mappings().clone().unwrap_or_default(),
        gids: linux.gid_mappings().clone().unwrap_or_default(),
    };
    if !namespaces.is_new(kind::USER) {
        if maps.is_empty() {
            return Ok(maps);
        }
        let reason = if namespaces.has(kind::USER) {
            "the joined user name space has its maps already"
        } else {
            "there is no user name space to map for: add {\"type\": \"user\"}"
        };
        return Err(Error::invalid("linux.uidMappings", reason));
    }
    for (field, map) in [("linux.uidMappings", &maps.uids), ("linux.gidMappings", &maps.gids)] {
        if map.is_empty() {
            return Err(Error::invalid(field, "a new user name space needs a map"));
        }
        if let Some(place) = map.iter().position(|range| range.size() == 0) {
            return Err(Error::invalid(format!("{field}[{place}].size"), "must be above zero"));
        }
    }
    Ok(maps)
}

/// Without privileges a user name space gives what the rest needs.
pub(crate) fn privileges(namespaces: &Namespaces) -> Result<(), Error> {
    if rustix::process::geteuid().is_root() || namespaces.has(kind::USER) {
        return Ok(());
    }
    let reason = "without root a container needs a user name space: add {\"type\": \"user\"} and \
                  map the own id";
    Err(Error::invalid("linux.namespaces", reason))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn versions() {
        for good in ["1.0.0", "1.2.1", "1.0.2-dev", "1.1.0+x"] {
            assert!(version(good).is_ok(), "{good}");
        }
        for bad in ["", "1", "1.0", "2.0.0", "0.9.0", "a.b.c", "1.0.0.0"] {
            assert!(version(bad).is_err(), "{bad}");
        }
    }
}
