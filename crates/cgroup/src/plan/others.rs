//! The resources with few fields: pids, huge pages, network, RDMA, and the
//! files of version 2 that a document names itself.

use oci_spec::runtime::{LinuxHugepageLimit, LinuxNetwork, LinuxRdma, LinuxResources};

use super::{Plan, Setting, Target, given, number_or_max};
use crate::Error;
use crate::controller::{Controller, Version};

const PIDS: &str = "linux.resources.pids.limit";
const HUGEPAGES: &str = "linux.resources.hugepageLimits";
const CLASS_ID: &str = "linux.resources.network.classID";
const PRIORITIES: &str = "linux.resources.network.priorities";

pub(super) fn plan(resources: &LinuxResources, plan: &mut Plan<'_>) -> Result<(), Error> {
    if let Some(limit) = resources.pids().as_ref().and_then(|pids| given(Some(pids.limit()))) {
        plan.version(Controller::Pids, PIDS)?;
        plan.set(PIDS, Controller::Pids, "pids.max", number_or_max(limit));
    }
    for limit in resources.hugepage_limits().iter().flatten() {
        hugepages(limit, plan)?;
    }
    if let Some(network) = resources.network() {
        self::network(network, plan)?;
    }
    for (device, limit) in resources.rdma().iter().flatten() {
        rdma(device, limit, plan)?;
    }
    for (file, value) in resources.unified().iter().flatten() {
        unified(file, value, plan)?;
    }
    Ok(())
}

/// A limit of 0 is a limit here: no huge page of that size.
fn hugepages(limit: &LinuxHugepageLimit, plan: &mut Plan<'_>) -> Result<(), Error> {
    let size = limit.page_size();
    let digits = size.trim_end_matches(|letter: char| "KMGTPB".contains(letter));
    let is_size = !digits.is_empty()
        && digits.bytes().all(|byte| byte.is_ascii_digit())
        && matches!(&size[digits.len()..], "KB" | "MB" | "GB" | "TB" | "PB");
    if !is_size {
        let why = "is no page size such as 2MB";
        return Err(Error::invalid(format!("{HUGEPAGES}.pageSize"), size, why));
    }
    let (ending, value) = match plan.version(Controller::Hugetlb, HUGEPAGES)? {
        Version::V1 => ("limit_in_bytes", limit.limit().max(-1).to_string()),
        Version::V2 => ("max", number_or_max(limit.limit())),
    };
    // Reservations count before pages are touched; kernels before 5.7 don't.
    let reserved = format!("hugetlb.{size}.rsvd.{ending}");
    plan.set(HUGEPAGES, Controller::Hugetlb, reserved, &value).optional = true;
    plan.set(HUGEPAGES, Controller::Hugetlb, format!("hugetlb.{size}.{ending}"), value);
    Ok(())
}

fn network(network: &LinuxNetwork, plan: &mut Plan<'_>) -> Result<(), Error> {
    if let Some(class) = given(network.class_id()) {
        plan.version(Controller::NetCls, CLASS_ID)?;
        plan.set(CLASS_ID, Controller::NetCls, "net_cls.classid", class);
    }
    for interface in network.priorities().iter().flatten() {
        plan.version(Controller::NetPrio, PRIORITIES)?;
        let value = format!("{} {}", interface.name(), interface.priority());
        plan.set(PRIORITIES, Controller::NetPrio, "net_prio.ifpriomap", value);
    }
    Ok(())
}

fn rdma(device: &str, limit: &LinuxRdma, plan: &mut Plan<'_>) -> Result<(), Error> {
    let field = format!("linux.resources.rdma.{device}");
    plan.version(Controller::Rdma, &field)?;
    if device.is_empty() || device.contains(char::is_whitespace) {
        return Err(Error::invalid(field, device, "is no device name"));
    }
    let mut value = device.to_owned();
    for (key, limit) in [("hca_handle", limit.hca_handles()), ("hca_object", limit.hca_objects())] {
        if let Some(limit) = limit {
            value.push_str(&format!(" {key}={limit}"));
        }
    }
    if value.len() > device.len() {
        plan.set(field, Controller::Rdma, "rdma.max", value);
    }
    Ok(())
}

/// A file of version 2 by its name. A value of several lines is written line by
/// line, since the kernel takes one setting a write.
fn unified(file: &str, value: &str, plan: &mut Plan<'_>) -> Result<(), Error> {
    let field = format!("linux.resources.unified.{file}");
    if !plan.machine.has_unified() {
        return Err(Error::unsupported(field, "this machine has no version 2 hierarchy"));
    }
    let controller = match file.split_once('.') {
        Some((controller, rest))
            if !controller.is_empty() && !rest.is_empty() && !file.contains('/') =>
        {
            controller.to_owned()
        }
        _ => {
            return Err(Error::invalid(field, file, "is no file of a group such as memory.high"));
        }
    };
    for line in value.lines() {
        plan.settings.push(Setting {
            field: field.clone().into(),
            target: Target::Unified(controller.clone()),
            files: vec![(file.to_owned(), line.to_owned())],
            optional: false,
        });
    }
    Ok(())
}
