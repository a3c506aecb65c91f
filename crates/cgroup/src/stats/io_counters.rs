//! Block devices.

use std::collections::BTreeMap;

use super::{DeviceIo, Stats, text};
use crate::controller::Controller;
use crate::dir::Dir;
use crate::{Error, Group};

type Devices = BTreeMap<(u32, u32), DeviceIo>;

impl Group {
    pub(super) fn io_stats(&self, stats: &mut Stats) -> Result<(), Error> {
        let devices = match (self.v1(Controller::Io.v1()), self.unified()) {
            (Some(dir), _) => v1(dir)?,
            (None, Some(dir)) if dir.has("io.stat") => v2(&text(dir, "io.stat")?),
            _ => return Ok(()),
        };
        stats.io_devices = devices.into_values().collect();
        let sum = |part: fn(&DeviceIo) -> u64| Some(stats.io_devices.iter().map(part).sum());
        stats.io_read_bytes = sum(|device| device.read_bytes);
        stats.io_write_bytes = sum(|device| device.write_bytes);
        stats.io_read_ops = sum(|device| device.read_ops);
        stats.io_write_ops = sum(|device| device.write_ops);
        Ok(())
    }
}

fn v1(dir: &Dir) -> Result<Devices, Error> {
    let mut devices = Devices::new();
    let bytes = text(dir, "blkio.throttle.io_service_bytes_recursive")?;
    for_each_v1(&bytes, &mut devices, |device, kind, count| match kind {
        "Read" => device.read_bytes = count,
        "Write" => device.write_bytes = count,
        _ => {}
    });
    let operations = text(dir, "blkio.throttle.io_serviced_recursive")?;
    for_each_v1(&operations, &mut devices, |device, kind, count| match kind {
        "Read" => device.read_ops = count,
        "Write" => device.write_ops = count,
        _ => {}
    });
    Ok(devices)
}

/// Lines such as `8:0 Read 4096`.
fn for_each_v1(text: &str, devices: &mut Devices, mut set: impl FnMut(&mut DeviceIo, &str, u64)) {
    for line in text.lines() {
        let mut fields = line.split_whitespace();
        let (Some(name), Some(kind), Some(count)) = (fields.next(), fields.next(), fields.next())
        else {
            continue;
        };
        if let (Some(key), Ok(count)) = (device(name), count.parse()) {
            set(entry(devices, key), kind, count);
        }
    }
}

/// Lines such as `8:0 rbytes=4096 wbytes=0 rios=1 wios=0 dbytes=0 dios=0`.
pub(super) fn v2(text: &str) -> Devices {
    let mut devices = Devices::new();
    for line in text.lines() {
        let mut fields = line.split_whitespace();
        let Some(key) = fields.next().and_then(device) else {
            continue;
        };
        let found = entry(&mut devices, key);
        for (name, value) in fields.filter_map(|field| field.split_once('=')) {
            let Ok(value) = value.parse() else { continue };
            match name {
                "rbytes" => found.read_bytes = value,
                "wbytes" => found.write_bytes = value,
                "rios" => found.read_ops = value,
                "wios" => found.write_ops = value,
                _ => {}
            }
        }
    }
    devices
}

fn entry(devices: &mut Devices, key: (u32, u32)) -> &mut DeviceIo {
    let (major, minor) = key;
    devices.entry(key).or_insert_with(|| DeviceIo { major, minor, ..DeviceIo::default() })
}

fn device(name: &str) -> Option<(u32, u32)> {
    let (major, minor) = name.split_once(':')?;
    Some((major.parse().ok()?, minor.parse().ok()?))
}
