//! Live migration of virtual machines.

use crate::document::document;
use crate::string_enum::string_enum;
use crate::{Bytes, RawJson, Timestamp};

document! {
    /// How a migration is prepared.
    pub struct MigrationInitializeOptions {
        /// The side that is prepared.
        pub origin: MigrationOrigin = "Origin",
        /// How memory is carried over.
        pub memory_transport: MigrationMemoryTransport = "MemoryTransport",
        /// How the guest is slowed down while memory is carried over.
        pub memory_transfer_throttle_params: Option<MemoryMigrationTransferThrottleParams> = "MemoryTransferThrottleParams",
        /// How memory is compressed.
        pub compression_settings: Option<MigrationCompressionSettings> = "CompressionSettings",
        /// Whether memory is checked after it was carried over.
        pub checksum_verification: bool = "ChecksumVerification",
        /// Whether traces of the performance are written.
        pub perf_tracing_enabled: bool = "PerfTracingEnabled",
        /// Whether the migration is given up when the standstill would take too long.
        pub cancel_if_blackout_threshold_exceeds: bool = "CancelIfBlackoutThresholdExceeds",
        /// Whether the transfer of memory is prepared ahead.
        pub prepare_memory_transfer_mode: bool = "PrepareMemoryTransferMode",
        /// What the other side has to be able to do.
        pub compatibility_data: Option<CompatibilityInfo> = "CompatibilityData",
    }

    /// How the guest is slowed down while its memory is carried over.
    pub struct MemoryMigrationTransferThrottleParams {
        /// Whether it isn't.
        pub skip_throttling: Option<bool> = "SkipThrottling",
        /// How strongly.
        pub throttling_scale: Option<f64> = "ThrottlingScale",
        /// The least, in percent.
        pub minimum_throttle_percentage: Option<u8> = "MinimumThrottlePercentage",
        /// The number of passes to aim at.
        pub target_number_of_brownout_transfer_passes: Option<u32> = "TargetNumberOfBrownoutTransferPasses",
        /// The pass with which it begins.
        pub starting_brownout_pass_number_for_throttling: Option<u32> = "StartingBrownoutPassNumberForThrottling",
        /// The most passes.
        pub maximum_number_of_brownout_transfer_passes: Option<u32> = "MaximumNumberOfBrownoutTransferPasses",
        /// The standstill to aim at, in milliseconds.
        pub target_blackout_transfer_time: Option<u32> = "TargetBlackoutTransferTime",
        /// The standstill at which the migration is given up, in milliseconds.
        pub blackout_time_threshold_for_cancelling_migration: Option<u32> = "BlackoutTimeThresholdForCancellingMigration",
    }

    /// How memory is compressed.
    pub struct MigrationCompressionSettings {
        /// The most threads.
        pub throttle_worker_count: Option<u32> = "ThrottleWorkerCount",
    }

    /// What the other side of a migration has to be able to do.
    pub struct CompatibilityInfo {
        /// Data that only the compute service reads.
        pub data: Bytes = "Data",
    }

    /// How the source of a migration starts.
    pub struct MigrationStartOptions {
        /// The connection.
        pub network_settings: Option<MigrationNetworkSettings> = "NetworkSettings",
    }

    /// The connection of a migration.
    pub struct MigrationNetworkSettings {
        /// The number that both sides have for it.
        pub session_id: u32 = "SessionId",
    }

    /// How a system starts.
    pub struct StartOptions {
        /// The connection, where the system is the destination of a migration.
        pub destination_migration_options: Option<MigrationStartOptions> = "DestinationMigrationOptions",
    }

    /// How memory is carried over.
    pub struct MigrationTransferOptions {
        /// The side that is asked.
        pub origin: MigrationOrigin = "Origin",
    }

    /// How a migration ends.
    pub struct MigrationFinalizedOptions {
        /// The side that is asked.
        pub origin: MigrationOrigin = "Origin",
        /// What becomes of the machine on that side.
        pub finalized_operation: MigrationFinalOperation = "FinalizedOperation",
    }

    /// How a migration is given up.
    pub struct MigrationCancelOptions {
        /// The side that is asked.
        pub origin: MigrationOrigin = "Origin",
    }

    /// News of a migration.
    pub struct OperationSystemMigrationNotificationInfo {
        /// The side that it comes from.
        pub origin: MigrationOrigin = "Origin",
        /// What happened.
        pub event: MigrationEvent = "Event",
        /// How the migration ended.
        pub result: MigrationResult = "Result",
        /// Details, in the form that belongs to the event.
        pub additional_details: Option<RawJson> = "AdditionalDetails",
    }

    /// Details of [`MigrationEvent::BlackoutExited`].
    pub struct BlackoutExitedEventDetails {
        /// How long the machine stood still.
        pub blackout_duration_milliseconds: u64 = "BlackoutDurationMilliseconds",
        /// When it went on.
        pub blackout_stop_timestamp: Timestamp = "BlackoutStopTimestamp",
    }
}

string_enum! {
    /// A side of a migration.
    pub enum MigrationOrigin {
        /// Where the machine comes from.
        Source = "Source",
        /// Where it goes to.
        Destination = "Destination",
    }

    /// How memory is carried over.
    pub enum MigrationMemoryTransport {
        /// Over TCP.
        TCP = "TCP",
    }

    /// What becomes of a machine at the end of a migration.
    pub enum MigrationFinalOperation {
        /// It goes on.
        Resume = "Resume",
        /// It stops.
        Stop = "Stop",
    }

    /// What happened in a migration.
    pub enum MigrationEvent {
        /// Something without a name.
        Unknown = "Unknown",
        /// The migration is done.
        MigrationDone = "MigrationDone",
        /// The machine stands still.
        BlackoutStarted = "BlackoutStarted",
        /// The part that needs the standstill is done.
        OfflineDone = "OfflineDone",
        /// The machine goes on.
        BlackoutExited = "BlackoutExited",
        /// Both sides are prepared.
        SetupDone = "SetupDone",
        /// Memory is being carried over.
        TransferInProgress = "TransferInProgress",
        /// The machine goes on at the source.
        MigrationRecoveryDone = "MigrationRecoveryDone",
        /// The migration has failed.
        MigrationFailed = "MigrationFailed",
    }

    /// How a migration ended.
    pub enum MigrationResult {
        /// It has no result.
        Invalid = "Invalid",
        /// Well.
        Success = "Success",
        /// It was given up by request.
        MigrationCancelled = "MigrationCancelled",
        /// It was given up by the guest.
        GuestInitiatedCancellation = "GuestInitiatedCancellation",
        /// The source failed.
        SourceMigrationFailed = "SourceMigrationFailed",
        /// The destination failed.
        DestinationMigrationFailed = "DestinationMigrationFailed",
        /// The machine could not go on at the source.
        MigrationRecoveryFailed = "MigrationRecoveryFailed",
    }
}
