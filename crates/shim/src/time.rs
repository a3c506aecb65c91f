//! Moments as containerd's messages have them.

use std::time::{Duration, SystemTime, UNIX_EPOCH};

use protobuf::well_known_types::timestamp::Timestamp;

/// What stands for "not yet": Go's zero time, the first second of the year 1.
const NEVER: i64 = -62_135_596_800;

/// A moment, or "not yet".
pub(crate) fn timestamp(moment: Option<SystemTime>) -> Timestamp {
    let Some(moment) = moment else {
        return Timestamp { seconds: NEVER, ..Timestamp::default() };
    };
    let since = moment.duration_since(UNIX_EPOCH).unwrap_or(Duration::ZERO);
    Timestamp {
        seconds: i64::try_from(since.as_secs()).unwrap_or(i64::MAX),
        // Below 1,000,000,000, which an i32 has room for.
        nanos: i32::try_from(since.subsec_nanos()).unwrap_or_default(),
        ..Timestamp::default()
    }
}
