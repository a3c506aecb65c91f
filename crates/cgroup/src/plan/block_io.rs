//! `linux.resources.blockIO`.

use oci_spec::runtime::{LinuxBlockIo, LinuxThrottleDevice, LinuxWeightDevice};

use super::{Plan, given};
use crate::Error;
use crate::controller::{Controller, Version};
use crate::convert::blkio_weight_to_io_weight;

const IO: Controller = Controller::Io;
const WEIGHT: &str = "linux.resources.blockIO.weight";
const LEAF_WEIGHT: &str = "linux.resources.blockIO.leafWeight";
const WEIGHT_DEVICE: &str = "linux.resources.blockIO.weightDevice";

/// A kind of throttle: its field, its file in version 1, its key in `io.max`.
const THROTTLES: [(&str, &str, &str); 4] = [
    ("linux.resources.blockIO.throttleReadBpsDevice", "blkio.throttle.read_bps_device", "rbps"),
    ("linux.resources.blockIO.throttleWriteBpsDevice", "blkio.throttle.write_bps_device", "wbps"),
    ("linux.resources.blockIO.throttleReadIOPSDevice", "blkio.throttle.read_iops_device", "riops"),
    (
        "linux.resources.blockIO.throttleWriteIOPSDevice",
        "blkio.throttle.write_iops_device",
        "wiops",
    ),
];

pub(super) fn plan(block_io: &LinuxBlockIo, plan: &mut Plan<'_>) -> Result<(), Error> {
    if let Some(weight) = given(block_io.weight()) {
        let version = plan.version(IO, WEIGHT)?;
        check_weight(WEIGHT, weight)?;
        plan.set(WEIGHT, IO, "", "").files = weight_files(version, "", weight);
    }
    if let Some(weight) = given(block_io.leaf_weight()) {
        let version = plan.version(IO, LEAF_WEIGHT)?;
        leaf_weight(version, LEAF_WEIGHT, "blkio.leaf_weight", "", weight, plan)?;
    }
    for device in block_io.weight_device().iter().flatten() {
        weight_device(device, plan)?;
    }
    let throttles = [
        block_io.throttle_read_bps_device(),
        block_io.throttle_write_bps_device(),
        block_io.throttle_read_iops_device(),
        block_io.throttle_write_iops_device(),
    ];
    for (names, devices) in THROTTLES.into_iter().zip(throttles) {
        for device in devices.iter().flatten() {
            throttle(names, device, plan)?;
        }
    }
    Ok(())
}

fn weight_device(device: &LinuxWeightDevice, plan: &mut Plan<'_>) -> Result<(), Error> {
    let version = plan.version(IO, WEIGHT_DEVICE)?;
    let name = format!("{}:{} ", device.major(), device.minor());
    if let Some(weight) = given(device.weight()) {
        check_weight(WEIGHT_DEVICE, weight)?;
        plan.set(WEIGHT_DEVICE, IO, "", "").files = weight_files(version, &name, weight);
    }
    if let Some(weight) = given(device.leaf_weight()) {
        leaf_weight(version, WEIGHT_DEVICE, "blkio.leaf_weight_device", &name, weight, plan)?;
    }
    Ok(())
}

fn check_weight(field: &str, weight: u16) -> Result<(), Error> {
    match weight {
        10..=1_000 => Ok(()),
        _ => Err(Error::invalid(field, weight, "is not between 10 and 1000")),
    }
}

/// The files a weight may go into: which one exists depends on the scheduler
/// the kernel was built with.
fn weight_files(version: Version, device: &str, weight: u16) -> Vec<(String, String)> {
    let suffix = if device.is_empty() { "" } else { "_device" };
    let plain = format!("{device}{weight}");
    match version {
        Version::V1 => vec![
            (format!("blkio.weight{suffix}"), plain.clone()),
            (format!("blkio.bfq.weight{suffix}"), plain),
        ],
        Version::V2 => vec![
            ("io.bfq.weight".to_owned(), plain),
            ("io.weight".to_owned(), format!("{device}{}", blkio_weight_to_io_weight(weight))),
        ],
    }
}

fn leaf_weight(
    version: Version,
    field: &'static str,
    file: &str,
    device: &str,
    weight: u16,
    plan: &mut Plan<'_>,
) -> Result<(), Error> {
    if version == Version::V2 {
        return Err(Error::unsupported(field, "version 2 has no leaf weights: leave it out"));
    }
    check_weight(field, weight)?;
    plan.set(field, IO, file, format!("{device}{weight}"));
    Ok(())
}

/// A rate of 0 takes a throttle away.
fn throttle(
    (field, file, key): (&'static str, &str, &str),
    device: &LinuxThrottleDevice,
    plan: &mut Plan<'_>,
) -> Result<(), Error> {
    let (major, minor, rate) = (device.major(), device.minor(), device.rate());
    match plan.version(IO, field)? {
        Version::V1 => plan.set(field, IO, file, format!("{major}:{minor} {rate}")),
        Version::V2 => {
            let rate = if rate == 0 { "max".to_owned() } else { rate.to_string() };
            plan.set(field, IO, "io.max", format!("{major}:{minor} {key}={rate}"))
        }
    };
    Ok(())
}
