//! What a running system tells of itself.

use std::collections::BTreeMap;
use std::time::SystemTime;

use compute::Error;
use compute::error::SystemCode;
use compute::state::State;
use hcs_schema::schema2::{
    MemoryStats, ProcessDetails, ProcessorStats, Properties, PropertyQuery, PropertyResponse,
    PropertyType, Statistics, StorageStats,
};
use hcs_schema::{RawJson, Timestamp};

use super::Worker;
use crate::proc::ProcessInfo;
use crate::store::Record;

use compute::operation::PROPERTIES;

/// The properties that every system has, whether its worker lives or not.
pub(crate) fn basic(record: &Record) -> Properties {
    Properties {
        id: record.id.clone(),
        system_type: hcs_schema::SystemType::Container,
        runtime_os_type: "Linux".into(),
        name: record.name.clone(),
        owner: record.owner.clone(),
        runtime_id: record.runtime_id.clone(),
        state: record.state.clone(),
        stopped: record.exit.is_some(),
        exit_type: record.exit.as_ref().map(|exit| exit.exit_type.clone()).unwrap_or_default(),
        ..Properties::default()
    }
}

impl Worker {
    pub(super) fn properties(&self, query: &PropertyQuery) -> Result<Properties, Error> {
        let mut properties = basic(&self.record);
        for property in &query.property_types {
            match property {
                PropertyType::Statistics => properties.statistics = Some(self.statistics()?),
                PropertyType::ProcessList => properties.process_list = self.process_list()?,
                PropertyType::TerminateOnLastHandleClosed => {
                    properties.terminate_on_last_handle_closed =
                        self.plan.terminate_on_last_handle_closed;
                }
                PropertyType::SystemGUID => {
                    properties.system_guid.clone_from(&self.record.runtime_id);
                }
                // A container maps no virtual disks, as the reference's schema 1 asks.
                PropertyType::Other(name) if name == "MappedVirtualDisk" => {}
                other => return Err(self.unknown_property(other.as_str())),
            }
        }
        for name in query.queries.keys() {
            let response = self.query(name)?;
            properties.property_responses.insert(name.clone(), response);
        }
        Ok(properties)
    }

    /// One part of the statistics, as an answer to a query by its name.
    fn query(&self, name: &str) -> Result<PropertyResponse, Error> {
        let statistics = self.statistics()?;
        let json = match name {
            "Statistics" => RawJson::new(&statistics),
            "Memory" => RawJson::new(&statistics.memory),
            "Processor" => RawJson::new(&statistics.processor),
            "Storage" => RawJson::new(&statistics.storage),
            "ProcessList" => RawJson::new(&self.process_list()?),
            _ => return Err(self.unknown_property(name)),
        };
        Ok(PropertyResponse { response: json.ok(), ..PropertyResponse::default() })
    }

    fn unknown_property(&self, name: &str) -> Error {
        self.error(
            PROPERTIES,
            SystemCode::ERR_NOT_SUPPORTED,
            format!("a container on this host has no property {name:?}"),
        )
    }

    fn statistics(&self) -> Result<Statistics, Error> {
        let mut statistics =
            Statistics { timestamp: timestamp(SystemTime::now()), ..Statistics::default() };
        if let (Some(started), Some(at)) = (self.started, self.started_at) {
            statistics.container_start_time = timestamp(at);
            statistics.uptime_100ns = hundreds(started.elapsed().as_nanos());
        }
        if self.state == State::Stopped {
            return Ok(statistics);
        }
        let stats = self.group_for(PROPERTIES, "counting what a container uses")?.stats().map_err(
            |error| self.error(PROPERTIES, SystemCode::ERROR_GEN_FAILURE, error.to_string()),
        )?;
        statistics.processor = Some(ProcessorStats {
            total_runtime_100ns: hundreds(stats.cpu_total_ns.unwrap_or(0).into()),
            runtime_user_100ns: hundreds(stats.cpu_user_ns.unwrap_or(0).into()),
            runtime_kernel_100ns: hundreds(stats.cpu_kernel_ns.unwrap_or(0).into()),
            ..ProcessorStats::default()
        });
        statistics.memory = Some(MemoryStats {
            memory_usage_commit_bytes: stats.memory_usage.unwrap_or(0),
            memory_usage_commit_peak_bytes: stats.memory_peak.unwrap_or(0),
            memory_usage_private_working_set_bytes: stats.memory_working_set.unwrap_or(0),
            ..MemoryStats::default()
        });
        statistics.storage = Some(StorageStats {
            read_count_normalized: stats.io_read_ops.unwrap_or(0),
            read_size_bytes: stats.io_read_bytes.unwrap_or(0),
            write_count_normalized: stats.io_write_ops.unwrap_or(0),
            write_size_bytes: stats.io_write_bytes.unwrap_or(0),
            ..StorageStats::default()
        });
        Ok(statistics)
    }

    fn process_list(&self) -> Result<Vec<ProcessDetails>, Error> {
        let mut pids = match &self.group {
            Some(group) => group.pids().map_err(|error| {
                self.error(PROPERTIES, SystemCode::ERROR_GEN_FAILURE, error.to_string())
            })?,
            None => self.processes.running(),
        };
        pids.sort_unstable();
        // Our own reaper is no process of the container's users.
        let reaper = self.container.as_ref().filter(|_| !self.plan.oci).map(|c| c.init().pid);
        let known: BTreeMap<u32, ProcessInfo> = pids
            .into_iter()
            .filter(|pid| Some(*pid) != reaper)
            // A process that ends meanwhile is none of the list's.
            .filter_map(|pid| Some((pid, ProcessInfo::read(pid)?)))
            .collect();
        Ok(known
            .into_iter()
            .map(|(pid, info)| ProcessDetails {
                process_id: pid.cast_signed(),
                image_name: self
                    .processes
                    .get(pid)
                    .map_or(info.name, |process| process.image.clone()),
                create_timestamp: timestamp(info.started),
                user_time_100ns: capped(info.user_100ns),
                kernel_time_100ns: capped(info.kernel_100ns),
                memory_commit_bytes: capped(info.commit_bytes),
                memory_working_set_private_bytes: capped(info.private_bytes),
                memory_working_set_shared_bytes: capped(info.shared_bytes),
                ..ProcessDetails::default()
            })
            .collect())
    }
}

fn timestamp(time: SystemTime) -> Timestamp {
    Timestamp(time.into())
}

/// Nanoseconds in the documents' unit.
fn hundreds(nanoseconds: u128) -> u64 {
    u64::try_from(nanoseconds / 100).unwrap_or(u64::MAX)
}

/// The documents give 32 bits to these: a larger value stays at the end.
fn capped(value: u64) -> i32 {
    i32::try_from(value).unwrap_or(i32::MAX)
}
